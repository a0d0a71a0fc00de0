//! Just enough of Rust's lexical structure for the checks: code without comments and literals, the
//! literals by themselves, functions with their length, test modules.
//!
//! Not a parser: it follows braces. That suffices for code that `rustfmt` and the compiler have accepted.

use std::collections::BTreeMap;
use std::ops::Range;

mod lexer;

/// A Rust file, taken apart.
pub struct RustSource {
    /// The text with comments and the insides of literals blanked; offsets and lines stay as they were.
    pub code: String,
    /// String literals by the offset of their opening quote, as written (escapes not resolved).
    pub literals: BTreeMap<usize, String>,
    line_starts: Vec<usize>,
    test_spans: Vec<Range<usize>>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, without a path.
    pub name: String,
    /// The line of its `fn`.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// An identifier or a single other character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Where it starts.
    pub offset: usize,
    /// Its text.
    pub text: &'a str,
}

impl RustSource {
    /// Takes a file's text apart.
    pub fn new(text: &str) -> Self {
        let (code, literals) = lexer::split(text);
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(offset, _)| offset + 1)).collect();
        let test_spans = test_spans(&code);
        Self { code, literals, line_starts, test_spans }
    }

    /// The line, from 1, that holds an offset.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// Whether an offset lies in an item under `#[cfg(test)]`.
    pub fn in_tests(&self, offset: usize) -> bool {
        self.test_spans.iter().any(|span| span.contains(&offset))
    }

    /// How many lines of the file belong to items under `#[cfg(test)]`.
    pub fn test_lines(&self) -> usize {
        let lines = |span: &Range<usize>| self.line(span.end - 1) - self.line(span.start) + 1;
        self.test_spans.iter().map(lines).sum()
    }

    /// The tokens of the code. A literal shows as its two quotes.
    pub fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.code)
    }

    /// Every function with a body outside of tests.
    pub fn functions(&self) -> Vec<Function> {
        let tokens = self.tokens();
        let mut functions = Vec::new();
        for (index, pair) in tokens.windows(2).enumerate() {
            let [keyword, name] = pair else { continue };
            if keyword.text != "fn" || !is_identifier(name.text) || self.in_tests(keyword.offset) {
                continue;
            }
            if let Some(end) = item_end(&tokens[index..]).filter(|end| end.text == "}") {
                let line = self.line(keyword.offset);
                let lines = self.line(end.offset) - line + 1;
                functions.push(Function { name: name.text.to_owned(), line, lines });
            }
        }
        functions
    }

    /// The literals between the parentheses of every call of the macro `name`, joined, with the call's line.
    pub fn macro_arguments(&self, name: &str) -> Vec<(usize, String)> {
        let tokens = self.tokens();
        let mut found = Vec::new();
        for (index, window) in tokens.windows(3).enumerate() {
            let [called, bang, open] = window else { continue };
            if called.text != name || bang.text != "!" || open.text != "(" {
                continue;
            }
            let end = closing(&tokens[index + 2..]).map_or(self.code.len(), |token| token.offset);
            let argument: String = self.literals.range(open.offset..end).map(|(_, t)| t.as_str()).collect();
            found.push((self.line(called.offset), argument));
        }
        found
    }
}

/// Whether a token is a word.
pub fn is_identifier(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut characters = code.char_indices().peekable();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some((start, c)) = characters.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut end = start + c.len_utf8();
        if is_word(c) {
            while let Some((offset, next)) = characters.next_if(|(_, next)| is_word(*next)) {
                end = offset + next.len_utf8();
            }
        }
        tokens.push(Token { offset: start, text: &code[start..end] });
    }
    tokens
}

/// The token that closes the bracket which `tokens` starts with.
fn closing<'a>(tokens: &[Token<'a>]) -> Option<Token<'a>> {
    let mut depth = 0usize;
    for token in tokens {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(*token);
                }
            }
            _ => {}
        }
    }
    None
}

/// The last token of the item that `tokens` starts with: its closing brace or its semicolon.
fn item_end<'a>(tokens: &[Token<'a>]) -> Option<Token<'a>> {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            ";" if depth == 0 => return Some(*token),
            "{" if depth == 0 => return closing(&tokens[index..]),
            _ => {}
        }
    }
    None
}

/// The spans of items under `#[cfg(test)]`, attribute included.
fn test_spans(code: &str) -> Vec<Range<usize>> {
    let tokens = tokens(code);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let texts = tokens[index..].iter().take(7).map(|t| t.text);
        let nested = spans.last().is_some_and(|span| span.contains(&token.offset));
        if nested || !texts.eq(["#", "[", "cfg", "(", "test", ")", "]"]) {
            continue;
        }
        if let Some(end) = item_end(&tokens[index..]) {
            spans.push(token.offset..end.offset + 1);
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_lengths_and_braces_in_literals_do_not_count() {
        let source = RustSource::new(
            "trait T { fn declared(&self) -> [u8; 2]; }\n\
             type F = fn(u8) -> u8;\n\
             fn one() { let _ = '{'; }\n\
             fn three(a: [u8; 2]) {\n    println!(\"}} {{ }}\"); // }\n}\n",
        );
        let found: Vec<_> = source.functions().into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("one".to_owned(), 3, 1), ("three".to_owned(), 4, 3)]);
    }

    #[test]
    fn items_under_cfg_test_are_tests() {
        let source = RustSource::new(
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(test)]\nuse x::y;\nfn c() {}\n",
        );
        let names: Vec<_> = source.functions().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(source.test_lines(), 6);
    }

    #[test]
    fn macro_arguments_are_joined() {
        let source = RustSource::new(
            "const A: &str = include_str!(\"a.sql\");\n\
             const B: &str = include_str!(concat!(env!(\"DIR\"), \"/b.sql\"));\n",
        );
        let found = source.macro_arguments("include_str");
        assert_eq!(found, [(1, "a.sql".to_owned()), (2, "DIR/b.sql".to_owned())]);
    }
}
