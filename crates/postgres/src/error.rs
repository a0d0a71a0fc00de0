//! Errors of the server, as ours.

use tenantry_domain::{Error, ErrorCode};

/// What the server or the connection said, with the code that fits.
pub fn db_error(e: tokio_postgres::Error, doing: &str) -> Error {
    Error::new(ErrorCode::Database, doing.to_owned()).because(e)
}
