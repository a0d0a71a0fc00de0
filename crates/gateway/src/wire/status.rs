//! What a server says of its transaction (the byte in ReadyForQuery).

/// The transaction status of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No transaction.
    Idle,
    /// In a transaction.
    Transaction,
    /// In a transaction that failed and waits for ROLLBACK.
    Failed,
}

impl Status {
    /// The byte in ReadyForQuery.
    pub const fn byte(self) -> u8 {
        match self {
            Status::Idle => b'I',
            Status::Transaction => b'T',
            Status::Failed => b'E',
        }
    }
}
