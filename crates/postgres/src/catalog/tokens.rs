//! A tokenizer for SQL and PL/pgSQL, as far as it takes to tell identifiers from strings and comments
//! (PostgreSQL documentation, 4.1 "Lexical Structure", with `standard_conforming_strings` on).

/// A piece of a text; all pieces together are the text again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A key word or an identifier without quotes.
    Word(&'a str),
    /// An identifier in double quotes, with them.
    Quoted(&'a str),
    /// A string in single quotes, with them and with its prefix.
    Literal(&'a str),
    /// A string in dollar quotes: the quote and what stands between.
    Dollar(&'a str, &'a str),
    /// White space and comments.
    Space(&'a str),
    /// Anything else: one character of an operator or of punctuation, or a number.
    Symbol(&'a str),
}

impl<'a> Token<'a> {
    /// The name that an identifier stands for.
    pub(super) fn identifier(self) -> Option<String> {
        match self {
            Token::Word(w) => Some(w.to_lowercase()),
            Token::Quoted(q) => Some(q.get(1..q.len() - 1)?.replace("\"\"", "\"")),
            _ => None,
        }
    }

    /// What a plain string in single quotes holds.
    pub(super) fn literal(self) -> Option<String> {
        match self {
            Token::Literal(l) if l.starts_with('\'') => Some(l.get(1..l.len() - 1)?.replace("''", "'")),
            _ => None,
        }
    }

    pub(super) fn is_word(self, word: &str) -> bool {
        matches!(self, Token::Word(w) if w.eq_ignore_ascii_case(word))
    }
}

/// Cuts a text into tokens. Never fails: what is not closed reaches to the end.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        all.push(token);
        rest = &rest[length..];
    }
    all
}

fn next(rest: &str, first: char) -> (Token<'_>, usize) {
    if first.is_whitespace() {
        let length = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        return (Token::Space(&rest[..length]), length);
    }
    if rest.starts_with("--") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return (Token::Space(&rest[..length]), length);
    }
    if rest.starts_with("/*") {
        let length = comment(rest);
        return (Token::Space(&rest[..length]), length);
    }
    if first == '"' {
        let length = closed(rest, 0, '"', false);
        return (Token::Quoted(&rest[..length]), length);
    }
    if first == '\'' {
        let length = closed(rest, 0, '\'', false);
        return (Token::Literal(&rest[..length]), length);
    }
    if matches!(first, 'e' | 'E' | 'b' | 'B' | 'x' | 'X' | 'n' | 'N') && rest[1..].starts_with('\'') {
        let length = closed(rest, 1, '\'', matches!(first, 'e' | 'E'));
        return (Token::Literal(&rest[..length]), length);
    }
    if first == '$'
        && let Some((quote, body, length)) = dollar(rest)
    {
        return (Token::Dollar(quote, body), length);
    }
    if is_start(first) {
        let length =
            rest.find(|c: char| !is_start(c) && !c.is_ascii_digit() && c != '$').unwrap_or(rest.len());
        return (Token::Word(&rest[..length]), length);
    }
    let length = match first.is_ascii_digit() {
        true => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
        false => first.len_utf8(),
    };
    (Token::Symbol(&rest[..length]), length)
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// The length of a quoted text whose opening quote stands at `open`; a doubled quote does not close it.
fn closed(rest: &str, open: usize, quote: char, backslash: bool) -> usize {
    let mut chars = rest[open + 1..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslash {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, c)| *c == quote) {
                chars.next();
            } else {
                return open + 1 + at + 1;
            }
        }
    }
    rest.len()
}

/// The length of a comment with the comments inside it.
fn comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn dollar(rest: &str) -> Option<(&str, &str, usize)> {
    let tag = rest[1..].find('$')? + 2;
    let quote = &rest[..tag];
    let name = &quote[1..tag - 1];
    if name.starts_with(|c: char| c.is_ascii_digit())
        || name.contains(|c: char| !is_start(c) && !c.is_ascii_digit())
    {
        return None;
    }
    let length = rest[tag..].find(quote).map_or(rest.len() - tag, |l| l);
    let body = &rest[tag..tag + length];
    Some((quote, body, (tag + length + tag).min(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Token<'_>]) {
        let found: Vec<_> = tokens(text).into_iter().filter(|t| !matches!(t, Token::Space(_))).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn strings_and_comments_are_not_identifiers() {
        use Token::*;
        check("a.\"B\"\"c\"", &[Word("a"), Symbol("."), Quoted("\"B\"\"c\"")]);
        check("'it''s' x", &[Literal("'it''s'"), Word("x")]);
        check(r"E'a\'b' y", &[Literal(r"E'a\'b'"), Word("y")]);
        check("/* a /* b */ c */ d -- e\nf", &[Word("d"), Word("f")]);
        check("$f$ a $x$ b $f$ c", &[Dollar("$f$", " a $x$ b "), Word("c")]);
        check("$1 + a$b", &[Symbol("$"), Symbol("1"), Symbol("+"), Word("a$b")]);
        check("$$open", &[Dollar("$$", "open")]);
        check("'open", &[Literal("'open")]);
        check("é_1", &[Word("é_1")]);
    }
}
