//! The text of a migration file cut into statements with their places; where a syntax error is.

use pg_query::protobuf::Token as Kind;

use crate::refuse::{Refuse, ShapeError};
use crate::script::Script;
use crate::tokens::{message, scan};

/// One statement of a file.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a> {
    pub line: usize,
    pub column: usize,
    /// From its first token to its last, without the semicolon.
    pub text: &'a str,
    /// The lines of data behind it.
    pub data: Option<Data<'a>>,
    /// What is to be said of something that is no statement.
    pub remark: Option<Remark>,
}

/// The lines behind a `COPY ... FROM stdin`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    /// The number of the first line.
    pub line: usize,
    pub text: &'a str,
}

/// Said of a command of psql.
#[derive(Clone, Debug)]
pub(crate) enum Remark {
    Note(String),
    Refused(Refuse),
}

/// Cuts a file into statements.
pub(crate) fn split<'a>(file: &str, text: &'a str, script: &'a Script) -> Result<Vec<Piece<'a>>, ShapeError> {
    let sql = script.sql.as_str();
    let parsed = pg_query::parse(sql, 0).map_err(|e| syntax_error(file, sql, &message(&e)))?;
    let lines = Lines::of(text);
    let mut pieces: Vec<(usize, Piece<'a>)> = remarks(text, script, &lines);
    for raw in &parsed.protobuf.stmts {
        let start = offset(raw.stmt_location);
        let length = offset(raw.stmt_len);
        let end = if length == 0 { sql.len() } else { start + length };
        let slice = sql.get(start..end).unwrap_or_default();
        let (first, last) = token_span(slice);
        let (line, column) = lines.place(text, start + first);
        let data = script.data.get(&end).map(|range| Data {
            line: lines.place(text, range.start).0,
            text: text.get(range.clone()).unwrap_or_default(),
        });
        let text = slice.get(first..last).unwrap_or_default();
        pieces.push((start + first, Piece { line, column, text, data, remark: None }));
    }
    pieces.sort_by_key(|(at, _)| *at);
    Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
}

fn remarks<'a>(text: &'a str, script: &'a Script, lines: &Lines) -> Vec<(usize, Piece<'a>)> {
    let notes = script.notes.iter().map(|(at, note)| (*at, Remark::Note(note.clone())));
    let refusals = script.refusals.iter().map(|(at, refuse)| (*at, Remark::Refused(refuse.clone())));
    notes
        .chain(refusals)
        .map(|(at, remark)| {
            let (line, column) = lines.place(text, at);
            (at, Piece { line, column, text: "", data: None, remark: Some(remark) })
        })
        .collect()
}

/// Where the lines of a text begin.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Self {
        Self(
            std::iter::once(0)
                .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
                .collect(),
        )
    }

    /// Line and column, from 1, of a byte of the text.
    pub fn place(&self, text: &str, byte: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= byte).max(1);
        let start = self.0.get(line - 1).copied().unwrap_or_default();
        (line, text.get(start..byte).unwrap_or_default().chars().count() + 1)
    }
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

fn syntax_error(file: &str, text: &str, message: &str) -> ShapeError {
    let (line, column) = Lines::of(text).place(text, error_byte(text, message));
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
