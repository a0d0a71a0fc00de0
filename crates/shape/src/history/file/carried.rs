//! What becomes of a statement, put together from what it stands for.

use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::statement::{self, FileState, Output, Setting};

/// What a statement becomes.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub output: Output,
    pub notes: Vec<String>,
    pub shadow: Option<Emitted>,
    pub retired: Vec<Emitted>,
}

impl Carried {
    /// Appends what another statement becomes.
    pub fn add(&mut self, other: Carried) {
        self.output.add(other.output);
        self.notes.extend(other.notes);
        self.retired.extend(other.retired);
        self.shadow = self.shadow.take().or(other.shadow);
    }

    /// Adds what every statement gets when it is known what becomes of it.
    pub fn finish(&mut self, state: &FileState) -> Result<(), Refuse> {
        if self.output.shared.is_empty() && self.retired.is_empty() && self.notes.is_empty() {
            self.notes.push("there is nothing to do in shared tables".to_owned());
        }
        statement::make_resumable(&mut self.output)?;
        if self.output.shared.iter().any(|e| !e.transactional) {
            // What was set for the transaction ended with it.
            let again = |scope| move |s: &Setting| Emitted { sql: s.sql.clone(), scope, transactional: true };
            self.output.shared.extend(state.settings.iter().map(again(Scope::Database)));
            self.output.plain.extend(state.settings.iter().map(again(Scope::Tenant)));
        }
        Ok(())
    }
}
