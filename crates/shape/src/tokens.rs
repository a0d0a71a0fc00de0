//! The text of a statement as PostgreSQL's scanner sees it, and edits that leave the rest of the text alone.

use std::ops::Range;

use pg_query::protobuf::{KeywordKind, ScanToken, Token as Kind};

use crate::names;

/// One token that is not a comment.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Its place in the text, in bytes.
    pub range: Range<usize>,
    /// For identifiers and keywords: the name it means, folded and unquoted. Otherwise empty.
    pub name: String,
    /// For one-character symbols: the character. Otherwise a blank.
    pub symbol: char,
    /// A string constant of any form.
    pub is_string: bool,
    /// Written in double quotes: never a keyword.
    pub is_quoted: bool,
}

/// The tokens of one text.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    pub text: &'a str,
    pub list: Vec<Token>,
}

impl<'a> Tokens<'a> {
    /// Scans a text; the error is the scanner's message.
    pub fn scan(text: &'a str) -> Result<Self, String> {
        let scanned = scan(text).map_err(|e| message(&e))?;
        let mut list = Vec::with_capacity(scanned.len());
        for t in scanned {
            let kind = t.token();
            if matches!(kind, Kind::SqlComment | Kind::CComment) {
                continue;
            }
            let range = index(t.start)..index(t.end);
            let Some(written) = text.get(range.clone()) else { continue };
            let is_word = matches!(kind, Kind::Ident) || t.keyword_kind() != KeywordKind::NoKeyword;
            list.push(Token {
                is_quoted: is_word && written.starts_with('"'),
                name: if is_word { fold(written) } else { String::new() },
                symbol: if written.len() == 1 && !is_word { first_char(written) } else { ' ' },
                is_string: matches!(kind, Kind::Sconst | Kind::Usconst),
                range,
            });
        }
        Ok(Self { text, list })
    }

    /// Whether token `i` is this keyword (or unquoted identifier).
    pub fn is(&self, i: usize, word: &str) -> bool {
        self.list.get(i).is_some_and(|t| !t.is_quoted && t.name == word)
    }

    /// Whether the tokens from `i` on are these keywords.
    pub fn are(&self, i: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(k, word)| self.is(i + k, word))
    }

    /// Whether token `i` is this symbol.
    pub fn symbol(&self, i: usize, symbol: char) -> bool {
        self.list.get(i).is_some_and(|t| t.symbol == symbol)
    }

    /// What token `i` looks like in the text.
    pub fn written(&self, i: usize) -> &'a str {
        self.list.get(i).and_then(|t| self.text.get(t.range.clone())).unwrap_or_default()
    }

    /// The name at `i` with its qualifier, and the index after it: `a`, `"B"`, `a.b`.
    pub fn qualified(&self, i: usize) -> Option<(Vec<String>, usize)> {
        let mut at = i;
        let mut parts = Vec::new();
        loop {
            let token = self.list.get(at)?;
            if token.name.is_empty() {
                return None;
            }
            parts.push(token.name.clone());
            at += 1;
            if !self.symbol(at, '.') {
                return Some((parts, at));
            }
            at += 1;
        }
    }

    /// For `*`, `a.*` and `a.b.*` at `i`: the index of the star.
    pub fn star(&self, i: usize) -> Option<usize> {
        let mut at = i;
        while self.list.get(at).is_some_and(|t| !t.name.is_empty()) && self.symbol(at + 1, '.') {
            at += 2;
        }
        self.symbol(at, '*').then_some(at)
    }

    /// The index of the bracket that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (i, t) in self.list.iter().enumerate().skip(open) {
            match t.symbol {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(i);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The value of the string constant at `i`, escapes undone.
    pub fn string_value(&self, i: usize) -> Option<String> {
        if !self.list.get(i)?.is_string {
            return None;
        }
        string_value(self.written(i))
    }
}

/// The scanner's tokens, comments among them. The crate's own function aborts the process in a build with
/// debug assertions where there are none (it makes a slice of a null pointer).
pub(crate) fn scan(text: &str) -> pg_query::Result<Vec<ScanToken>> {
    if text.bytes().all(|b| b.is_ascii_whitespace() || b == 0x0b) {
        return Ok(Vec::new());
    }
    pg_query::scan_tokens(text)
}

/// The value of a string constant as written.
pub(crate) fn string_value(written: &str) -> Option<String> {
    if let Some((_, body)) = dollar_quoted(written) {
        return Some(body.to_owned());
    }
    // One constant as most are; what goes on behind a line feed, or has escapes, is left to the parser.
    if let Some(inner) = written.strip_prefix('\'').and_then(|w| w.strip_suffix('\''))
        && !inner.replace("''", "").contains('\'')
    {
        return Some(inner.replace("''", "'"));
    }
    let parsed = pg_query::parse(&format!("SELECT {written}"), 0).ok()?;
    let json = serde_json::to_value(&parsed.protobuf).ok()?;
    json.pointer("/stmts/0/stmt/node/SelectStmt/target_list/0/node/ResTarget/val/node/AConst/val/Sval/sval")
        .and_then(|v| v.as_str())
        .map(str::to_owned)
}

/// Splits a dollar-quoted constant into its quote and its text.
pub(crate) fn dollar_quoted(written: &str) -> Option<(&str, &str)> {
    let rest = written.strip_prefix('$')?;
    let quote = written.get(..rest.find('$')? + 2)?;
    let body = written.strip_prefix(quote)?.strip_suffix(quote)?;
    Some((quote, body))
}

/// What the server makes of a name as written: unquoted names are folded, long ones cut.
fn fold(written: &str) -> String {
    let name = match written.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    };
    names::clip(&name, names::NAME_BYTES_MAX).to_owned()
}

fn first_char(s: &str) -> char {
    s.chars().next().unwrap_or(' ')
}

fn index(i: i32) -> usize {
    usize::try_from(i).unwrap_or_default()
}

/// The parser's own words, without the crate's prefix.
pub(crate) fn message(e: &pg_query::Error) -> String {
    match e {
        pg_query::Error::Parse(m) | pg_query::Error::Scan(m) | pg_query::Error::Split(m) => m.clone(),
        other => other.to_string(),
    }
}

/// Replacements in a text, collected and then made at once.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Replaces a range.
    pub fn replace(&mut self, range: Range<usize>, by: impl Into<String>) {
        self.0.push((range, by.into()));
    }

    /// Inserts before a place.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The edits in the order of their places, at one place in the order they came; of two that overlap the first.
    pub fn sorted(mut self) -> Vec<(Range<usize>, String)> {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut done = 0;
        self.0.retain(|(range, _)| {
            let apart = range.start >= done;
            if apart {
                done = range.end;
            }
            apart
        });
        self.0
    }

    /// The text with all edits made.
    pub fn apply(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for (range, by) in self.sorted() {
            out.push_str(text.get(done..range.start).unwrap_or_default());
            out.push_str(&by);
            done = range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }
}
