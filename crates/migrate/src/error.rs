//! Errors of a migration's statement: file, line, target and PostgreSQL's own words.

use std::error::Error as StdError;
use std::fmt;

use tenantry_domain::{Error, ErrorCode};
use tenantry_postgres::error::sqlstate as server_sqlstate;
use tenantry_shape::Statement;

/// Where a statement stands that failed, and what the server said: the cause of the error.
#[derive(Clone, Debug)]
struct Failed {
    place: String,
    sqlstate: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl StdError for Failed {}

/// File, line and column of the statement that failed, where one did.
pub(crate) fn place(e: &Error) -> Option<String> {
    e.source().and_then(|c| c.downcast_ref::<Failed>()).map(|f| f.place.clone())
}

/// What the server said, of a migration's statement or of one of ours.
pub(crate) fn sqlstate(e: &Error) -> Option<&str> {
    match e.source().and_then(|c| c.downcast_ref::<Failed>()) {
        Some(failed) => Some(&failed.sqlstate),
        None => server_sqlstate(e),
    }
}

/// What PostgreSQL said of a statement of a migration.
pub(crate) fn statement_error(
    e: tokio_postgres::Error,
    statement: &Statement,
    sql: &str,
    target: &str,
) -> Error {
    let place = format!("{}:{}:{}", statement.file, statement.line, statement.column);
    let Some(db) = e.as_db_error() else {
        return tenantry_postgres::error::db_error(e, &format!("{place}: {target}"));
    };
    let sqlstate = db.code().code().to_owned();
    let code = match sqlstate.as_str() {
        // Only where tenants may make objects of their own can a name be taken that the template has not.
        "42P07" | "42710" | "42701" | "42723" | "42P06" if target.starts_with("tenant ") => {
            ErrorCode::NameCollision
        }
        "53100" => ErrorCode::DiskFull,
        "55P03" | "40P01" => ErrorCode::Busy,
        "57P01" | "57P02" | "57P03" => ErrorCode::ConnectionLost,
        _ => ErrorCode::MigrationFailed,
    };
    let mut message = format!("{place}: {target}: {} (SQLSTATE {})", db.message(), db.code().code());
    if let Some(detail) = db.detail() {
        message.push_str(&format!("; {detail}"));
    }
    if let Some(hint) = db.hint() {
        message.push_str(&format!("; hint: {hint}"));
    }
    if sql.trim() != statement.source.trim() {
        let head: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
        message.push_str(&format!("; the statement run was: {head}"));
    }
    Error::new(code, message).because(Failed { place, sqlstate })
}
