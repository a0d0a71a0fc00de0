//! What a peer can do wrong on the wire.

use tenantry_domain::{Error, ErrorCode};

/// A broken rule of the protocol. `Copy`, because it is found where nothing may be allocated; [`Violation::error`] makes
/// an error of it, in PostgreSQL's words where it has words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A client's message of a type that does not exist, or not at this point.
    Type(u8),
    /// A length word below 4, or above what this type may have.
    Length,
    /// The fields of a message need more bytes than it has.
    Short,
    /// A text without its final NUL.
    Text,
    /// Bytes after the last field, or a field with an impossible value.
    Format,
}

impl Violation {
    /// The sentence that a client reads.
    pub fn message(self) -> String {
        match self {
            Violation::Type(tag) => format!("invalid frontend message type {tag}"),
            Violation::Length => "invalid message length".to_owned(),
            Violation::Short => "insufficient data left in message".to_owned(),
            Violation::Text => "invalid string in message".to_owned(),
            Violation::Format => "invalid message format".to_owned(),
        }
    }

    /// The error, SQLSTATE 08P01.
    pub fn error(self) -> Error {
        Error::new(ErrorCode::ProtocolViolation, self.message())
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Error {
        violation.error()
    }
}
