//! Errors of a migration's statement: file, line, target and PostgreSQL's own words.

use tenantry_domain::{Error, ErrorCode};
use tenantry_shape::Statement;

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
    let code = match db.code().code() {
        // Only where tenants may make objects of their own can a name be taken that the template has not.
        "42P07" | "42710" | "42701" | "42723" | "42P06" if target.starts_with("tenant ") => {
            ErrorCode::NameCollision
        }
        "53100" => ErrorCode::DiskFull,
        "55P03" => ErrorCode::Busy,
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
    Error::new(code, message)
}
