//! Views, sequences, types and functions.

/// A view.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// Its columns as the plain shape has them; empty when they could not be worked out.
    pub columns: Vec<String>,
    /// What its query names.
    pub reads: super::Reads,
}

/// A sequence. In the shared shape it carries the definition only; the counters are per tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    /// It lives in the schema `global`.
    pub global: bool,
    /// The table and the column that own it.
    pub owner: Option<(String, String)>,
    /// Its first value.
    pub start: String,
    /// It stands behind an identity column.
    pub identity: bool,
}

/// What kind of type a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeKind {
    Enum { values: Vec<String> },
    Domain { checks: Vec<String> },
    Composite,
    Range,
}

/// What the functions and procedures of a name do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routine {
    /// One of them makes definitions, or runs text that may.
    pub defines: bool,
    /// One of them writes rows.
    pub writes: bool,
    /// One of them runs TRUNCATE.
    pub truncates: bool,
    /// One of them ends transactions.
    pub ends: bool,
}
