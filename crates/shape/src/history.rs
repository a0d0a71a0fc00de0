//! The coordinator: one file in, its statements for each shape out, and what they made remembered.

use crate::catalog::Catalog;
use crate::model::{Options, Statement};
use crate::refuse::{Refusal, Refuse, ShapeError};
use crate::source::{self, Piece};
use crate::statement::{self, Output, Work};
use crate::text;
use crate::tokens::Tokens;

/// The stack for the walks over a file's trees, in bytes. The parser refuses what nests more deeply than some
/// 700 levels; a level takes below 20 kB in a build without optimisation. Only what is touched is ever used.
const STACK_BYTES: usize = 64 << 20;

/// What the statements so far have made, for one service of an app.
#[derive(Clone, Debug)]
pub struct History {
    options: Options,
    catalog: Catalog,
    files: usize,
}

impl History {
    /// Before the first migration.
    pub fn new(options: Options) -> Self {
        Self { options, catalog: Catalog::default(), files: 0 }
    }

    /// Takes the next migration file.
    ///
    /// # Errors
    /// [`ShapeError::Syntax`] when the parser does not accept the file, [`ShapeError::Refused`] with every
    /// statement of it that can't be carried. The history is then what it was.
    pub fn apply(&mut self, file: &str, text: &str) -> Result<Vec<Statement>, ShapeError> {
        let result = std::thread::scope(|scope| {
            let history = &*self;
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            match thread.spawn_scoped(scope, move || history.carry_file(file, text)) {
                Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(_) => history.carry_file(file, text),
            }
        });
        let (catalog, statements) = result?;
        self.catalog = catalog;
        self.files += 1;
        Ok(statements)
    }

    /// Carries a file; trees are deep, so this runs on a stack of its own.
    fn carry_file(&self, file: &str, text: &str) -> Result<(Catalog, Vec<Statement>), ShapeError> {
        let pieces = source::split(file, text)?;
        let mut catalog = self.catalog.clone();
        let mut statements = Vec::with_capacity(pieces.len());
        let mut refusals = Vec::new();
        let mut refused: Vec<&Piece<'_>> = Vec::new();
        for (i, piece) in pieces.iter().enumerate() {
            let mut next = catalog.clone();
            match self.carry(&mut next, piece, pieces.get(i + 1..).unwrap_or_default()) {
                Ok((output, notes)) => {
                    catalog = next;
                    statements.push(Statement {
                        file: file.to_owned(),
                        line: piece.line,
                        column: piece.column,
                        source: piece.text.to_owned(),
                        shared: output.shared,
                        plain: output.plain,
                        notes,
                    });
                }
                // What a refused statement would have made is unknown through no fault of this one.
                Err(refuse) if refuse.unknown.as_ref().is_some_and(|what| named_in(what, &refused)) => {
                    refused.push(piece);
                }
                Err(refuse) => {
                    refusals.push(refusal(file, piece, refuse));
                    refused.push(piece);
                }
            }
        }
        if !refusals.is_empty() {
            return Err(ShapeError::Refused(refusals));
        }
        statements.extend(self.end(&mut catalog, file, pieces.last()));
        Ok((catalog, statements))
    }

    /// What a file leaves to be done behind its last statement.
    fn end(&self, catalog: &mut Catalog, file: &str, last: Option<&Piece<'_>>) -> Option<Statement> {
        let last = last?;
        let mut work = Work {
            options: &self.options,
            catalog,
            plain: String::new(),
            shared: String::new(),
            later: &[],
            file: self.files,
            notes: Vec::new(),
        };
        let output = statement::end(&mut work)?;
        Some(Statement {
            file: file.to_owned(),
            line: last.line,
            column: last.column,
            source: String::new(),
            shared: output.shared,
            plain: output.plain,
            notes: work.notes,
        })
    }

    fn carry(
        &self,
        catalog: &mut Catalog,
        piece: &Piece<'_>,
        later: &[Piece<'_>],
    ) -> Result<(Output, Vec<String>), Refuse> {
        let plain = text::plain(piece.text, catalog, &self.options)?;
        let shared = text::shared(&plain, catalog, &self.options)?;
        let mut work = Work {
            options: &self.options,
            catalog,
            plain,
            shared,
            later,
            file: self.files,
            notes: Vec::new(),
        };
        let output = statement::carry(&mut work)?;
        Ok((output, work.notes))
    }
}

fn refusal(file: &str, piece: &Piece<'_>, refuse: Refuse) -> Refusal {
    Refusal {
        file: file.to_owned(),
        line: piece.line,
        column: piece.column,
        shape: refuse.shape,
        reason: refuse.reason,
        remedy: refuse.remedy,
    }
}

/// Whether one of these statements names what is missing.
fn named_in(what: &str, refused: &[&Piece<'_>]) -> bool {
    let missing: Vec<&str> = what.split(' ').collect();
    refused.iter().any(|piece| {
        Tokens::scan(piece.text).is_ok_and(|tokens| {
            tokens
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
