//! Who may come in, by which exchange. No I/O: messages in, messages and verdicts out.
//!
//! [`method`] decides how a client proves who it is, [`scram`] is the server's side of the exchange that never shows the
//! password. (The client's side, towards PostgreSQL, is `postgres_protocol::authentication::sasl`.) Where the user does
//! not exist the exchange runs all the same and fails at its end: from outside, an unknown tenant and a wrong password
//! are one thing.

pub mod method;
pub mod scram;

use tenantry_domain::{Error, ErrorCode};

/// The answer to a wrong password, an unknown user and a revoked key alike, as PostgreSQL words it.
pub fn failed(user: &str) -> Error {
    Error::new(ErrorCode::PasswordWrong, format!("password authentication failed for user \"{user}\""))
}
