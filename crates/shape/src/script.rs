//! A migration file as a program like psql reads it: between the statements stand commands of psql and the lines
//! of data of `COPY ... FROM stdin`. None of that is SQL; it is taken out here, byte by byte in place, so that every
//! statement keeps its line and column.

mod lexer;
mod meta;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::refuse::Refuse;

/// A file without what is not SQL.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// The text of the same length, with blanks where no SQL stands.
    pub sql: String,
    /// The data behind `COPY ... FROM stdin`, by the place of the statement's semicolon.
    pub data: BTreeMap<usize, Range<usize>>,
    /// What was taken out and why, by its place.
    pub notes: Vec<(usize, String)>,
    /// What can't be carried, by its place.
    pub refusals: Vec<(usize, Refuse)>,
    /// The database that the file connects to.
    pub connects: Option<String>,
}

/// Reads a file.
pub(crate) fn read(text: &str) -> Script {
    let mut reader = Reader { bytes: text.as_bytes().to_vec(), script: Script::default() };
    for item in lexer::Lexer::new(text) {
        match item {
            lexer::Item::Meta(range) => reader.meta(text, range),
            lexer::Item::Data { semicolon, lines, end } => reader.data(semicolon, lines, end),
        }
    }
    // Whole characters were replaced by as many blanks as they have bytes.
    reader.script.sql = String::from_utf8(reader.bytes).unwrap_or_default();
    reader.script
}

struct Reader {
    bytes: Vec<u8>,
    script: Script,
}

impl Reader {
    fn blank(&mut self, range: Range<usize>) {
        for byte in self.bytes.get_mut(range).into_iter().flatten() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    fn meta(&mut self, text: &str, range: Range<usize>) {
        let written = text.get(range.clone()).unwrap_or_default();
        let at = range.start;
        self.blank(range);
        match meta::read(written) {
            meta::Meaning::Ends => {
                if let Some(byte) = self.bytes.get_mut(at) {
                    *byte = b';';
                }
            }
            meta::Meaning::Harmless(note) => self.script.notes.push((at, note)),
            meta::Meaning::Connects(name) => self.connect(at, name),
            meta::Meaning::Quits => {
                let rest = text.get(at + written.len()..).unwrap_or_default();
                if lexer::is_only_blank(rest) {
                    self.script.notes.push((at, "\\q ends the file and is left out".to_owned()));
                } else {
                    let reason = "\\q ends the file, and statements follow it";
                    self.script.refusals.push((at, Refuse::all(reason, "take them out, or the \\q")));
                }
            }
            meta::Meaning::Refused(refuse) => self.script.refusals.push((at, refuse)),
        }
    }

    fn connect(&mut self, at: usize, name: String) {
        match &self.script.connects {
            Some(first) if *first != name => {
                let refuse = Refuse::all(
                    format!("the file goes on in another database, {name}"),
                    "make it two services, each with its own folder of migrations",
                );
                self.script.refusals.push((at, refuse));
            }
            _ => {
                let note = format!("\\connect {name} is left out: Tenantry says which database is meant");
                self.script.notes.push((at, note));
                self.script.connects = Some(name);
            }
        }
    }

    fn data(&mut self, semicolon: usize, lines: Range<usize>, end: usize) {
        self.blank(lines.start..end);
        self.script.data.insert(semicolon, lines);
    }
}
