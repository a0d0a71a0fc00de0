//! The coordinator: one file in, its statements for each shape out, and what they made remembered.

use crate::catalog::Catalog;
use crate::model::{Options, Statement};
use crate::refuse::{Refusal, Refuse, ShapeError};
use crate::source::{self, Piece};
use crate::stack;
use crate::statement::{self, Output, Work};
use crate::text;
use crate::tokens::Tokens;

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
        let (catalog, statements) = stack::deep(|| self.carry_file(file, text))?;
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
        Ok((catalog, statements))
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
