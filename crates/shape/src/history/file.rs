//! One file: its statements one after the other, and what is refused of them.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::model::{Emitted, Options, Scope, Statement};
use crate::refuse::{Refusal, Refuse, ShapeError};
use crate::script;
use crate::source::{self, Data, Piece, Remark};
use crate::statement::{self, FileState, Output, Setting, Work};
use crate::text;
use crate::tokens::Tokens;

use super::AskShadow;

/// Carries a file.
#[allow(dead_code)]
pub(super) struct Carrier<'a, 'f> {
    options: &'a Options,
    /// What there was before the file.
    before: &'a Catalog,
    files: usize,
    ask: Option<&'a mut AskShadow<'f>>,
    /// What the shadow has said, by the number of the statement.
    answers: BTreeMap<usize, Vec<String>>,
}

/// How far a file has come.
#[derive(Clone, Debug)]
struct Progress {
    catalog: Catalog,
    state: FileState,
    statements: Vec<Statement>,
}

impl<'a, 'f> Carrier<'a, 'f> {
    pub fn new(
        options: &'a Options,
        before: &'a Catalog,
        files: usize,
        ask: Option<&'a mut AskShadow<'f>>,
    ) -> Self {
        Self { options, before, files, ask, answers: BTreeMap::new() }
    }

    /// The statements of a file with what there is after them.
    pub fn file(mut self, file: &str, text: &str) -> Result<(Catalog, Vec<Statement>), ShapeError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let script = script::read(text);
        let pieces = source::split(file, text, &script)?;
        let start = Progress {
            catalog: self.before.clone(),
            state: FileState { connects: script.connects.clone(), ..FileState::default() },
            statements: Vec::with_capacity(pieces.len()),
        };
        let mut now = start.clone();
        for i in 0..pieces.len() {
            match self.piece(file, &pieces, i, &mut now)? {
                Ok(()) => {}
                Err(refuse) => return Err(self.refusals(file, &pieces, (start, i, refuse))),
            }
        }
        if let Some(last) = pieces.last() {
            let end = self.end(file, last, &mut now);
            now.statements.extend(end);
        }
        Ok((now.catalog, now.statements))
    }

    /// What a file leaves to be done behind its last statement.
    fn end(&self, file: &str, last: &Piece<'_>, now: &mut Progress) -> Option<Statement> {
        let mut work = Work {
            options: self.options,
            catalog: &mut now.catalog,
            state: &mut now.state,
            plain: String::new(),
            shared: String::new(),
            data: None,
            later: &[],
            file: self.files,
            notes: Vec::new(),
        };
        let output = statement::end(&mut work)?;
        Some(Statement {
            file: file.to_owned(),
            line: last.line,
            column: last.column,
            shared: output.shared,
            plain: output.plain,
            notes: work.notes,
            ..Statement::default()
        })
    }

    /// Every refusal of a file that has one, at statement `first`. What that one did to the catalog is undone by
    /// going through the file again; from there on each statement works on a copy.
    fn refusals(
        &mut self,
        file: &str,
        pieces: &[Piece<'_>],
        (mut now, first, refuse): (Progress, usize, Refuse),
    ) -> ShapeError {
        for i in 0..first {
            if !matches!(self.piece(file, pieces, i, &mut now), Ok(Ok(()))) {
                break;
            }
        }
        let mut refusals = vec![refusal(file, &pieces[first], refuse)];
        let mut refused: Vec<&Piece<'_>> = vec![&pieces[first]];
        for (i, piece) in pieces.iter().enumerate().skip(first + 1) {
            let mut next = now.clone();
            match self.piece(file, pieces, i, &mut next) {
                Ok(Ok(())) => now = next,
                // What a refused statement would have made is unknown through no fault of this one.
                Ok(Err(refuse)) if refuse.unknown.as_ref().is_some_and(|what| named_in(what, &refused)) => {
                    refused.push(piece);
                }
                Ok(Err(refuse)) => {
                    refusals.push(refusal(file, piece, refuse));
                    refused.push(piece);
                }
                Err(e) => return e,
            }
        }
        ShapeError::Refused(refusals)
    }

    /// One statement; the inner error refuses it, the outer one ends everything.
    fn piece(
        &mut self,
        file: &str,
        pieces: &[Piece<'_>],
        i: usize,
        now: &mut Progress,
    ) -> Result<Result<(), Refuse>, ShapeError> {
        let piece = &pieces[i];
        let mut statement = Statement {
            file: file.to_owned(),
            line: piece.line,
            column: piece.column,
            source: piece.text.to_owned(),
            ..Statement::default()
        };
        match &piece.remark {
            Some(Remark::Refused(refuse)) => return Ok(Err(refuse.clone())),
            Some(Remark::Note(note)) => {
                statement.notes.push(note.clone());
                now.statements.push(statement);
                return Ok(Ok(()));
            }
            None => {}
        }
        let later = pieces.get(i + 1..).unwrap_or_default();
        match self.carry(piece, later, now) {
            Ok((output, notes)) => {
                statement.shared = output.shared;
                statement.plain = output.plain;
                statement.notes = notes;
                now.statements.push(statement);
                Ok(Ok(()))
            }
            Err(refuse) => Ok(Err(refuse)),
        }
    }

    fn carry(
        &mut self,
        piece: &Piece<'_>,
        later: &[Piece<'_>],
        now: &mut Progress,
    ) -> Result<(Output, Vec<String>), Refuse> {
        let mut output = Output::default();
        let mut notes = Vec::new();
        for table in statement::missing_bookkeeping(piece.text, &now.catalog) {
            let made = self.text(&table, (None, &[]), now)?;
            output.add(made.0);
            notes.push("it names the table of a migration tool, which is made here, empty".to_owned());
        }
        let carried = self.text(piece.text, (piece.data, later), now)?;
        output.add(carried.0);
        notes.extend(carried.1);
        statement::make_resumable(&mut output)?;
        if output.shared.iter().any(|e| !e.transactional) {
            // What was set for the transaction ended with it.
            let again = |scope| move |s: &Setting| Emitted { sql: s.sql.clone(), scope, transactional: true };
            output.shared.extend(now.state.settings.iter().map(again(Scope::Database)));
            output.plain.extend(now.state.settings.iter().map(again(Scope::Tenant)));
        }
        Ok((output, notes))
    }

    /// One statement by its text.
    fn text(
        &mut self,
        text: &str,
        (data, later): (Option<Data<'_>>, &[Piece<'_>]),
        now: &mut Progress,
    ) -> Result<(Output, Vec<String>), Refuse> {
        statement::check_function(&mut now.catalog, text)?;
        let plain = text::plain(text, &now.catalog, self.options)?;
        let shared = text::shared(&plain, &now.catalog, self.options)?;
        let mut work = Work {
            options: self.options,
            catalog: &mut now.catalog,
            state: &mut now.state,
            plain,
            shared,
            data,
            later,
            file: self.files,
            notes: Vec::new(),
        };
        let output =
            statement::carry(&mut work).map_err(|refuse| statement::explain(work.catalog, refuse))?;
        let notes = work.notes;
        now.state.runs |= output.shared.iter().chain(&output.plain).any(|e| e.transactional);
        Ok((output, notes))
    }
}

fn refusal(file: &str, piece: &Piece<'_>, refuse: Refuse) -> Refusal {
    let (line, column) = refuse.place.unwrap_or((piece.line, piece.column));
    Refusal {
        file: file.to_owned(),
        line,
        column,
        shape: refuse.shape,
        reason: refuse.reason,
        remedy: refuse.remedy,
    }
}

/// Whether one of these statements, which could have made it, names what is missing.
fn named_in(what: &str, refused: &[&Piece<'_>]) -> bool {
    let missing: Vec<&str> = what.split(' ').collect();
    refused.iter().any(|piece| {
        Tokens::scan(piece.text).is_ok_and(|tokens| {
            let data = ["copy", "insert", "update", "delete"].iter().any(|word| tokens.is(0, word));
            !data
                && tokens
                    .list
                    .iter()
                    .any(|t| !t.name.is_empty() && missing.contains(&t.name.as_str()) && !is_noun(&t.name))
        })
    })
}

/// The words that say what kind of thing is missing.
fn is_noun(word: &str) -> bool {
    matches!(
        word,
        "table" | "column" | "of" | "the" | "primary" | "key" | "constraint" | "index" | "view" | "type"
    )
}
