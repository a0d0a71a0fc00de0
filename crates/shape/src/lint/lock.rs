//! Locks on tables: their modes (PostgreSQL, "Explicit Locking") and how long a statement keeps them for its own sake.

/// A mode of table locks, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// Readers.
    AccessShare,
    /// SELECT FOR UPDATE and its like.
    RowShare,
    /// Writers.
    RowExclusive,
    /// VACUUM, VALIDATE CONSTRAINT, CREATE INDEX CONCURRENTLY.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// CREATE TRIGGER, ADD FOREIGN KEY.
    ShareRowExclusive,
    /// REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// Most of ALTER TABLE, DROP, TRUNCATE.
    AccessExclusive,
}

impl LockMode {
    /// As SQL names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What waits for it.
    pub const fn stops(self) -> &'static str {
        match self {
            LockMode::AccessExclusive => "reads and writes",
            LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => "writes",
            LockMode::ShareUpdateExclusive => "other changes of its definition",
            LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive => "no reads or writes",
        }
    }
}

/// How long a statement needs its lock. All locks last until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Whatever the table's size.
    Moment,
    /// While rows are changed.
    Rows,
    /// While the table is read.
    Scan,
    /// While an index is built.
    Build,
    /// While the table is written anew.
    Rewrite,
}

impl Hold {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Hold::Moment => "for a moment",
            Hold::Rows => "while rows are changed",
            Hold::Scan => "while the table is read",
            Hold::Build => "while an index is built",
            Hold::Rewrite => "while the table is written anew",
        }
    }
}

/// A lock that a statement takes on a table that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The table, view or index.
    pub table: String,
    /// The mode.
    pub mode: LockMode,
    /// How long the statement needs it.
    pub hold: Hold,
}
