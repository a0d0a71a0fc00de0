//! Where SQL ends and something else begins: a walk over quotes and comments by psql's rules. What SQL means is
//! the parser's matter; here it only counts what is a constant, a comment, or the end of a statement.

use std::ops::Range;

/// Something in a file that is not SQL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A command of psql, from its backslash to the end of the line.
    Meta(Range<usize>),
    /// The lines between `COPY ... FROM stdin;` and `\.`; `end` is behind that.
    Data { semicolon: usize, lines: Range<usize>, end: usize },
}

/// Walks over a file.
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where the statement that is being read starts.
    start: usize,
    depth: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, start: 0, depth: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The end of the line, its line feed left out.
    fn line_end(&self, from: usize) -> usize {
        self.bytes
            .get(from..)
            .and_then(|b| b.iter().position(|c| *c == b'\n'))
            .map_or(self.bytes.len(), |i| from + i)
    }

    /// Behind a quoted constant or name; the opening quote is at `self.at`.
    fn skip_quoted(&mut self, quote: u8, backslashes: bool) {
        self.at += 1;
        while self.at < self.bytes.len() {
            let c = self.peek(0);
            let escaped = backslashes && c == b'\\' || c == quote && self.peek(1) == quote;
            if escaped {
                self.at += 2;
            } else {
                self.at += 1;
                if c == quote {
                    return;
                }
            }
        }
    }

    /// Behind `$tag$ ... $tag$`; false where no such constant begins here.
    fn skip_dollars(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(length) = rest.get(1..).and_then(|r| r.find('$')).map(|i| i + 2) else { return false };
        let tag = rest.get(..length).unwrap_or_default();
        let inner = tag.trim_matches('$');
        let fits = inner.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !inner.starts_with(|c: char| c.is_ascii_digit());
        if !fits || self.is_word_before() {
            return false;
        }
        let body = rest.get(length..).unwrap_or_default();
        self.at += length + body.find(tag).map_or(body.len(), |i| i + length);
        true
    }

    fn is_word_before(&self) -> bool {
        self.at.checked_sub(1).and_then(|i| self.bytes.get(i)).is_some_and(|c| is_word(*c))
    }

    /// Behind a comment of several lines, which may hold others.
    fn skip_block(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth = depth.saturating_sub(1);
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// A semicolon ends a statement; behind `COPY ... FROM stdin` stand lines of data.
    fn semicolon(&mut self) -> Option<Item> {
        let semicolon = self.at;
        self.at += 1;
        if self.depth > 0 {
            return None;
        }
        let statement = self.text.get(self.start..semicolon).unwrap_or_default();
        self.start = self.at;
        if !copies_from_stdin(statement) {
            return None;
        }
        let first = (self.line_end(self.at) + 1).min(self.bytes.len());
        let (mut line, mut end) = (first, self.bytes.len());
        while line < self.bytes.len() {
            let stop = self.line_end(line);
            if self.text.get(line..stop).is_some_and(|l| l.trim_end_matches('\r') == "\\.") {
                end = stop;
                break;
            }
            line = stop + 1;
        }
        let lines = first..line.min(self.bytes.len());
        self.at = end;
        self.start = end;
        Some(Item::Data { semicolon, lines, end })
    }
}

impl Iterator for Lexer<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'\'' => {
                    let escapes = self.at > 0
                        && matches!(self.bytes[self.at - 1], b'e' | b'E')
                        && !(self.at > 1 && is_word(self.bytes[self.at - 2]));
                    self.skip_quoted(b'\'', escapes);
                }
                b'"' => self.skip_quoted(b'"', false),
                b'$' => {
                    if !self.skip_dollars() {
                        self.at += 1;
                    }
                }
                b'-' if self.peek(1) == b'-' => self.at = self.line_end(self.at),
                b'/' if self.peek(1) == b'*' => self.skip_block(),
                b'(' => {
                    self.depth += 1;
                    self.at += 1;
                }
                b')' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                b';' => {
                    if let Some(item) = self.semicolon() {
                        return Some(item);
                    }
                }
                b'\\' => {
                    let from = self.at;
                    self.at = self.line_end(from);
                    self.start = self.at;
                    return Some(Item::Meta(from..self.at));
                }
                _ => self.at += 1,
            }
        }
        None
    }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c == b'$' || c >= 0x80
}

/// Whether this is a `COPY ... FROM stdin`.
fn copies_from_stdin(statement: &str) -> bool {
    let is_copy = statement.trim_start().get(..4).is_some_and(|w| w.eq_ignore_ascii_case("copy"))
        || statement.contains("--")
        || statement.contains("/*");
    is_copy
        && crate::tokens::Tokens::scan(statement).is_ok_and(|tokens| {
            tokens.is(0, "copy") && (0..tokens.list.len()).any(|i| tokens.are(i, &["from", "stdin"]))
        })
}

/// Whether nothing but blanks, comments and semicolons follows.
pub(super) fn is_only_blank(text: &str) -> bool {
    crate::tokens::Tokens::scan(text).is_ok_and(|t| t.list.iter().all(|t| t.symbol == ';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<(&str, &str)> {
        Lexer::new(text)
            .map(|item| match item {
                Item::Meta(r) => ("meta", &text[r]),
                Item::Data { lines, .. } => ("data", &text[lines]),
            })
            .collect()
    }

    #[test]
    fn quotes_hide_backslashes_and_semicolons() {
        assert_eq!(items(r#"SELECT '\', E'\'\', "\", $$ \x $$, $a$ $$ \y ' $a$ /* \ /* \ */ \ */;"#), []);
        assert_eq!(items("SELECT 1 \\g\n-- \\x\n\\timing on"), [("meta", "\\g"), ("meta", "\\timing on")]);
        assert_eq!(items("SELECT a$1, type'\\' \\q"), [("meta", "\\q")]);
    }

    #[test]
    fn data_ends_at_its_mark() {
        let text = "COPY t FROM stdin;\n1\t'\n\\N\t$$\n\\.\n\\echo\nCOPY t (a) FROM STDIN WITH CSV;\n\\.";
        assert_eq!(items(text), [("data", "1\t'\n\\N\t$$\n"), ("meta", "\\echo"), ("data", "")]);
        assert_eq!(items("COPY t FROM stdin;\r\n1\r\n\\.\r\n"), [("data", "1\r\n")]);
        assert_eq!(items("-- x\nCOPY t FROM stdin;\nrest"), [("data", "rest")]);
        assert_eq!(items("COPY t TO stdout; COPY t FROM '/x'; SELECT 'COPY t FROM stdin;'"), []);
    }
}
