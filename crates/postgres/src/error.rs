//! Errors of the driver and of files, turned into ours in one place.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use tenantry_domain::{Error, ErrorCode};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// What the server said, as the cause of an [`Error`]; [`sqlstate`] finds it again.
#[derive(Debug, Clone)]
pub struct ServerMessage {
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: String,
    /// The SQLSTATE (PostgreSQL, appendix A).
    pub sqlstate: SqlState,
    /// The primary message.
    pub message: String,
    /// The detail, where there is one. It can hold data of rows.
    pub detail: Option<String>,
    /// The hint, where there is one.
    pub hint: Option<String>,
    /// The place in the statement, in characters from 1.
    pub position: Option<u32>,
    /// The constraint concerned, where there is one.
    pub constraint: Option<String>,
}

impl ServerMessage {
    fn new(e: &DbError) -> Self {
        let position = match e.position() {
            Some(ErrorPosition::Original(at)) => Some(*at),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Self {
            severity: e.severity().to_owned(),
            sqlstate: e.code().clone(),
            message: e.message().to_owned(),
            detail: e.detail().map(str::to_owned),
            hint: e.hint().map(str::to_owned),
            position,
            constraint: e.constraint().map(str::to_owned),
        }
    }
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.sqlstate.code(), self.message)?;
        if let Some(position) = self.position {
            write!(f, " (at character {position})")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, "; detail: {detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {hint}")?;
        }
        Ok(())
    }
}

impl StdError for ServerMessage {}

/// Turns an error of the driver into ours; `doing` is what was being done ("create the database").
///
/// The server's own words are the cause ([`ServerMessage`]), so that a client reads only `doing` unless
/// whoever answers it decides otherwise.
pub fn db_error(e: tokio_postgres::Error, doing: &str) -> Error {
    if let Some(db) = e.as_db_error() {
        return Error::new(code_of(db.code()), doing).because(ServerMessage::new(db));
    }
    // An error while connecting is the server's absence; later it is a loss.
    let code = if is_while_connecting(&e) {
        ErrorCode::ServerUnreachable
    } else if e.is_closed() || io_cause(&e).is_some() {
        ErrorCode::ConnectionLost
    } else {
        ErrorCode::Database
    };
    Error::new(code, doing).because(e)
}

fn code_of(state: &SqlState) -> ErrorCode {
    match state.code() {
        "53100" => ErrorCode::DiskFull,
        "53300" => ErrorCode::ConnectionsExhausted,
        // A lock not had in time, a template database that somebody is connected to, a deadlock.
        "55P03" | "55006" | "40P01" => ErrorCode::Busy,
        // Refused at the door: the password, the role or pg_hba.conf, or the server is on its way up or down.
        "28000" | "28P01" | "57P03" => ErrorCode::ServerUnreachable,
        "57P01" | "57P02" => ErrorCode::ConnectionLost,
        state if state.starts_with("08") => ErrorCode::ConnectionLost,
        _ => ErrorCode::Database,
    }
}

fn is_while_connecting(e: &tokio_postgres::Error) -> bool {
    let text = e.to_string();
    text.starts_with("error connecting to server") || text.starts_with("timeout waiting for server")
}

fn io_cause(e: &tokio_postgres::Error) -> Option<&io::Error> {
    let mut cause = e.source();
    while let Some(c) = cause {
        if let Some(io) = c.downcast_ref::<io::Error>() {
            return Some(io);
        }
        cause = c.source();
    }
    None
}

/// What the server said, if this error came from it.
pub fn server_message(e: &Error) -> Option<&ServerMessage> {
    e.source().and_then(|cause| cause.downcast_ref::<ServerMessage>())
}

/// The SQLSTATE that the server gave, if this error came from it.
pub fn sqlstate(e: &Error) -> Option<&str> {
    server_message(e).map(|m| m.sqlstate.code())
}

/// Turns an error of a file into ours: a full disk is told apart from all else.
pub fn io_error(e: io::Error, doing: &str, path: &Path) -> Error {
    let code = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        _ => ErrorCode::Io,
    };
    Error::new(code, format!("{doing} {}", path.display())).because(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named() {
        let full = io_error(io::Error::from(io::ErrorKind::StorageFull), "write", Path::new("x"));
        assert_eq!(full.code(), ErrorCode::DiskFull);
        let other = io_error(io::Error::from(io::ErrorKind::NotFound), "write", Path::new("x"));
        assert_eq!(other.code(), ErrorCode::Io);
    }

    #[test]
    fn states_map_to_codes() {
        for (state, code) in [
            ("53100", ErrorCode::DiskFull),
            ("53300", ErrorCode::ConnectionsExhausted),
            ("55P03", ErrorCode::Busy),
            ("57P01", ErrorCode::ConnectionLost),
            ("08006", ErrorCode::ConnectionLost),
            ("28P01", ErrorCode::ServerUnreachable),
            ("23505", ErrorCode::Database),
        ] {
            assert_eq!(code_of(&SqlState::from_code(state)), code, "{state}");
        }
    }
}
