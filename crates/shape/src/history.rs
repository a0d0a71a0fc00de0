//! The coordinator: one file in, its statements for each shape out, and what they made remembered.

mod blame;
mod file;

use tenantry_domain::Error;

use crate::catalog::Catalog;
use crate::model::{Options, Statement};
use crate::refuse::ShapeError;
use crate::stack;
use file::Carrier;

/// What the statements so far have made, for one service of an app.
#[derive(Clone, Debug)]
pub struct History {
    options: Options,
    catalog: Catalog,
}

/// What only a server can tell: which definitions a block of PL/pgSQL makes that decides while it runs.
#[derive(Clone, Copy, Debug)]
pub struct ShadowQuestion<'a> {
    /// The file that the block stands in.
    pub file: &'a str,
    /// The line that it begins in.
    pub line: usize,
    /// The statements of the file before it; those of the files before came from [`History::apply_with`].
    pub before: &'a [Statement],
    /// The block, changed so that it calls [`crate::SHADOW_NOTE`] with every definition that it makes.
    pub probe: &'a str,
}

/// What a block did on a shadow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShadowAnswer {
    /// The texts that it passed to [`crate::SHADOW_NOTE`], in order.
    pub texts: Vec<String>,
    /// How many definitions the server saw.
    pub definitions: usize,
    /// Nobody was asked: what the block defines is left open.
    pub unknown: bool,
}

/// Answers a [`ShadowQuestion`].
pub type AskShadow<'a> = dyn FnMut(ShadowQuestion<'_>) -> Result<ShadowAnswer, Error> + Send + 'a;

impl History {
    /// Before the first migration.
    pub fn new(options: Options) -> Self {
        Self { options, catalog: Catalog::default() }
    }

    /// Takes the next migration file, where there is no server to ask: a block whose definitions show only
    /// when it runs is refused.
    ///
    /// # Errors
    /// As [`History::apply_with`].
    pub fn apply(&mut self, file: &str, text: &str) -> Result<Vec<Statement>, ShapeError> {
        self.take(file, text, None)
    }

    /// Takes the next migration file, with somebody who runs blocks of PL/pgSQL on a shadow: a database of one
    /// tenant, empty but for what the statements so far have made in the plain shape.
    ///
    /// # Errors
    /// [`ShapeError::Syntax`] when the parser does not accept the file, [`ShapeError::Refused`] with every
    /// statement of it that can't be carried, [`ShapeError::Shadow`] when the shadow could not be asked. The
    /// history is then what it was.
    pub fn apply_with(
        &mut self,
        file: &str,
        text: &str,
        ask: &mut AskShadow<'_>,
    ) -> Result<Vec<Statement>, ShapeError> {
        self.take(file, text, Some(ask))
    }

    fn take(
        &mut self,
        file: &str,
        text: &str,
        ask: Option<&mut AskShadow<'_>>,
    ) -> Result<Vec<Statement>, ShapeError> {
        let (options, catalog) = (&self.options, &self.catalog);
        let carry = move || Carrier::new(options, catalog, ask).file(file, text);
        let (catalog, statements) = stack::deep(carry)?;
        self.catalog = catalog;
        Ok(statements)
    }
}
