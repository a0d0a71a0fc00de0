//! Why a text must not run, in words that a client's log can be searched for.

use std::fmt;

use crate::refuse::Refuse;

/// A refusal. Its text is stable and holds no values of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// SQLSTATE.
    pub sqlstate: &'static str,
    /// Why not: the message of the error.
    pub reason: String,
    /// What to do instead: its hint.
    pub remedy: String,
}

impl Denial {
    /// Any.
    pub(crate) fn new(sqlstate: &'static str, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { sqlstate, reason: reason.into(), remedy: remedy.into() }
    }

    /// The session may not do that (42501).
    pub(crate) fn forbidden(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new("42501", reason, remedy)
    }

    /// It can't be done here (0A000).
    pub(crate) fn unsupported(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new("0A000", reason, remedy)
    }

    /// The text does not parse (42601).
    pub(crate) fn syntax(message: &str) -> Self {
        Self::new("42601", message, "correct the statement")
    }
}

impl From<Refuse> for Denial {
    fn from(refuse: Refuse) -> Self {
        Self::unsupported(refuse.reason, refuse.remedy)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.sqlstate, self.reason, self.remedy)
    }
}
