//! What one statement of a file becomes, as far as it is carried.

use crate::model::Emitted;
use crate::statement::Output;

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
}
