//! The text of a migration file cut into statements with their places; where a syntax error is.

use pg_query::protobuf::Token as Kind;

use crate::refuse::ShapeError;
use crate::tokens::{message, scan};

/// One statement of a file.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a> {
    pub line: usize,
    pub column: usize,
    /// From its first token to its last, without the semicolon.
    pub text: &'a str,
}

/// Cuts a file into statements.
pub(crate) fn split<'a>(file: &str, text: &'a str) -> Result<Vec<Piece<'a>>, ShapeError> {
    let text_ref = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = pg_query::parse(text_ref, 0).map_err(|e| syntax_error(file, text_ref, &message(&e)))?;
    let mut pieces = Vec::with_capacity(parsed.protobuf.stmts.len());
    for raw in &parsed.protobuf.stmts {
        let start = usize::try_from(raw.stmt_location).unwrap_or_default();
        let length = usize::try_from(raw.stmt_len).unwrap_or_default();
        let end = if length == 0 { text_ref.len() } else { start + length };
        let slice = text_ref.get(start..end).unwrap_or_default();
        let (first, last) = token_span(slice);
        let (line, column) = place(text_ref, start + first);
        pieces.push(Piece { line, column, text: slice.get(first..last).unwrap_or_default() });
    }
    Ok(pieces)
}

/// Where the first token starts and the last one ends: comments around a statement are not part of it.
fn token_span(text: &str) -> (usize, usize) {
    let tokens = scan(text).unwrap_or_default();
    let mut real = tokens.iter().filter(|t| {
        !matches!(t.token(), Kind::SqlComment | Kind::CComment)
            && text.as_bytes().get(offset(t.start)) != Some(&b';')
    });
    let Some(first) = real.next() else { return (0, text.len()) };
    let last = real.next_back().unwrap_or(first);
    (offset(first.start), offset(last.end))
}

fn offset(i: i32) -> usize {
    usize::try_from(i).unwrap_or_default()
}

/// Line and column, from 1, of a byte of the text.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (line, before[start..].chars().count() + 1)
}

fn syntax_error(file: &str, text: &str, message: &str) -> ShapeError {
    let (line, column) = place(text, error_byte(text, message));
    ShapeError::Syntax { file: file.to_owned(), line, column, message: message.to_owned() }
}

/// The byte that the parser stopped at. The crate passes on the message alone, so the place is found by
/// parsing: the text up to some token is accepted or ends too early, up to the next it fails as the whole does.
fn error_byte(text: &str, whole: &str) -> usize {
    let Ok(tokens) = scan(text) else { return scan_error_byte(text, whole) };
    let at_end = whole.ends_with("at end of input");
    if at_end {
        return text.trim_end().len();
    }
    let fails = |count: usize| {
        let end = tokens.get(count - 1).map_or(0, |t| offset(t.end));
        match pg_query::parse(text.get(..end).unwrap_or_default(), 0) {
            Ok(_) => false,
            Err(e) => !message(&e).ends_with("at end of input"),
        }
    };
    let (mut low, mut high) = (1, tokens.len().max(1));
    while low < high {
        let middle = usize::midpoint(low, high);
        if fails(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    tokens.get(low - 1).map_or(0, |t| offset(t.start))
}

/// An unterminated constant: the scanner's message quotes the text from where it starts.
fn scan_error_byte(text: &str, message: &str) -> usize {
    message
        .split_once("at or near \"")
        .and_then(|(_, near)| text.rfind(near.strip_suffix('"').unwrap_or(near)))
        .unwrap_or_default()
}
