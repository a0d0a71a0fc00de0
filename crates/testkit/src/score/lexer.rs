//! Cuts a file into statements as psql does: quotes, dollar quotes, comments, parentheses and `BEGIN ATOMIC` keep
//! semicolons in, a backslash begins a command of psql's own, and data follow `COPY ... FROM stdin`. Pure; apart from
//! the product's own reader on purpose, since it is what that one is measured against.

use std::ops::Range;

/// What stands between two semicolons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Line of the first token, from 1.
    pub line: usize,
    /// The bytes of the statement with its semicolon and, for COPY, its data.
    pub range: Range<usize>,
    /// The statement without its semicolon.
    pub sql: String,
    /// What follows `COPY ... FROM stdin`, without the end mark.
    pub data: Option<String>,
}

impl Piece {
    /// The first words in lower case, comments left out.
    pub fn words(&self, count: usize) -> String {
        let mut scanner = Scanner { text: &self.sql, at: 0 };
        let mut words = Vec::new();
        while words.len() < count && scanner.at < self.sql.len() {
            match scanner.token() {
                Token::Word(word) => words.push(word.to_ascii_lowercase()),
                Token::Space => {}
                _ => break,
            }
        }
        words.join(" ")
    }

    /// Whether it reads or writes rows, or may: what is worth having rows before.
    pub fn touches_rows(&self) -> bool {
        let verb = self.words(1);
        let verbs =
            ["insert", "update", "delete", "merge", "copy", "with", "select", "do", "call", "truncate"];
        verbs.contains(&verb.as_str()) || self.words(3) == "create table as"
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Space,
    Word(&'a str),
    Semicolon,
    Open,
    Close,
    Backslash,
    Other,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn token(&mut self) -> Token<'a> {
        let (start, rest) = (self.at, &self.text[self.at..]);
        let first = rest.chars().next().unwrap_or(' ');
        if rest.starts_with("--") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return Token::Space;
        }
        if rest.starts_with("/*") {
            self.at += comment_length(rest);
            return Token::Space;
        }
        if first == '\'' || first == '"' {
            self.at += quoted_length(rest, first, false);
            return Token::Other;
        }
        if first == '$'
            && let Some(length) = dollar_length(rest)
        {
            self.at += length;
            return Token::Other;
        }
        if first.is_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let word = &rest[..length];
            self.at += length;
            if word.eq_ignore_ascii_case("e") && rest[length..].starts_with('\'') {
                self.at += quoted_length(&rest[length..], '\'', true);
                return Token::Other;
            }
            return Token::Word(&self.text[start..self.at]);
        }
        self.at += first.len_utf8();
        match first {
            c if c.is_whitespace() => Token::Space,
            ';' => Token::Semicolon,
            '(' => Token::Open,
            ')' => Token::Close,
            '\\' => Token::Backslash,
            _ => Token::Other,
        }
    }
}

fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// With its quotes; a doubled quote stays inside.
fn quoted_length(text: &str, quote: char, backslashes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if backslashes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

fn dollar_length(text: &str) -> Option<usize> {
    let tag_end = text[1..].find('$')? + 2;
    let tag = &text[..tag_end];
    let inner = &tag[1..tag.len() - 1];
    let is_tag = inner.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !inner.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return None;
    }
    Some(text[tag_end..].find(tag).map_or(text.len(), |end| tag_end + end + tag_end))
}

/// The statements of a file.
pub fn split(text: &str) -> Vec<Piece> {
    let mut scanner = Scanner { text, at: usize::from(text.starts_with('\u{feff}')) * 3 };
    let mut pieces = Vec::new();
    let mut open = Open::default();
    while scanner.at < text.len() {
        let from = scanner.at;
        let token = scanner.token();
        match token {
            Token::Space => continue,
            Token::Semicolon if open.depth == 0 && open.blocks == 0 => {
                if let Some(start) = open.start {
                    pieces.push(finish(&mut scanner, start, from));
                }
                open = Open::default();
                continue;
            }
            Token::Backslash if open.depth == 0 => {
                if let Some(start) = open.start {
                    pieces.push(finish(&mut scanner, start, from));
                }
                open = Open::default();
                scanner.at += text[scanner.at..].find('\n').unwrap_or(text.len() - scanner.at);
                continue;
            }
            Token::Open => open.depth += 1,
            Token::Close => open.depth = open.depth.saturating_sub(1),
            Token::Word(word) => open.word(word),
            _ => {}
        }
        open.start.get_or_insert(from);
    }
    if let Some(start) = open.start {
        pieces.push(finish(&mut scanner, start, text.len()));
    }
    pieces
}

/// A statement that has begun.
#[derive(Default)]
struct Open {
    start: Option<usize>,
    depth: usize,
    words: Vec<String>,
    blocks: usize,
}

impl Open {
    /// Counts BEGIN, CASE and END in the body of a function that is written without quotes.
    fn word(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        if self.words.len() < 4 {
            self.words.push(word.clone());
        }
        let makes = self.words.first().is_some_and(|w| w == "create")
            && self.words.iter().any(|w| w == "function" || w == "procedure");
        match word.as_str() {
            "begin" if makes => self.blocks += 1,
            "case" if self.blocks > 0 => self.blocks += 1,
            "end" if self.blocks > 0 => self.blocks -= 1,
            _ => {}
        }
    }
}

fn finish(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Piece {
    let text = scanner.text;
    let sql = text[start..end].trim_end().to_owned();
    let line = text[..start].matches('\n').count() + 1;
    let lower = sql.to_ascii_lowercase();
    let mut data = None;
    if lower.starts_with("copy") && lower.contains("from stdin") {
        let rest = &text[scanner.at..];
        let begin = rest.find('\n').map_or(rest.len(), |i| i + 1);
        let mut length = begin;
        for row in rest[begin..].split_inclusive('\n') {
            length += row.len();
            if row.trim_end() == "\\." {
                break;
            }
        }
        let rows = &rest[begin..length];
        data = Some(rows.trim_end().strip_suffix("\\.").unwrap_or(rows).to_owned());
        scanner.at += length;
    }
    Piece { line, range: start..scanner.at, sql, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<(usize, String)> {
        split(text).into_iter().map(|p| (p.line, p.sql)).collect()
    }

    #[test]
    fn semicolons_inside_stay_inside() {
        let text = "-- a; b\nSELECT ';', E'\\';', \"x;\" /* ; /* ; */ */;\n\
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $q$ SELECT 1; $q$;\n\
            CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v);;\n  SELECT 3";
        let got = statements(text);
        assert_eq!(got.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert!(got[2].1.ends_with("FROM v)"), "{got:?}");
    }

    #[test]
    fn bodies_without_quotes() {
        let text = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\nBEGIN;\nSELECT 1; END;";
        assert_eq!(statements(text).len(), 4);
    }

    #[test]
    fn commands_and_data_of_psql() {
        let text =
            "\\connect app\nCOPY t (a, b) FROM stdin;\n1\tx;'\n2\t\\N\n\\.\n\\restrict abc\nSELECT 1;\n";
        let got = split(text);
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].data.as_deref(), Some("1\tx;'\n2\t\\N\n"));
        assert_eq!((got[1].line, got[1].sql.as_str()), (7, "SELECT 1"));
        assert!(text[got[0].range.clone()].ends_with("\\.\n"));
    }

    #[test]
    fn words_leave_comments_out() {
        let piece = &split("/* x */ UPDATE -- y\n t SET a = 1")[0];
        assert_eq!(piece.words(2), "update t");
        assert!(piece.touches_rows());
        assert!(!split("CREATE TABLE t (a int)")[0].touches_rows());
    }
}
