//! Errors of the control database, as ours.

use tenantry_domain::{Error, ErrorCode};
use tokio_postgres::error::{DbError, SqlState};

/// What the control database said, with the code that fits. Checks and keys of `tenantry.tenants` have codes of their
/// own, so that a plain `INSERT` and a command are told the same.
pub fn control_error(e: tokio_postgres::Error, doing: &str) -> Error {
    let Some(db) = e.as_db_error() else {
        let code = if e.is_closed() { ErrorCode::ConnectionLost } else { ErrorCode::from_sqlstate(None) };
        return Error::new(code, doing).because(e);
    };
    match constraint(db) {
        Some((code, what)) => Error::new(code, format!("{doing}: {what}")),
        None => {
            let code = ErrorCode::from_sqlstate(Some(db.code().code()));
            Error::new(code, format!("{doing}: {} (SQLSTATE {})", db.message(), db.code().code())).because(e)
        }
    }
}

fn constraint(db: &DbError) -> Option<(ErrorCode, String)> {
    let message = db.message().to_owned();
    Some(match (db.constraint()?, db.code()) {
        ("slug_invalid", _) => (ErrorCode::SlugInvalid, message),
        ("slug_reserved", _) => (ErrorCode::SlugReserved, message),
        ("tenants_slug_key", &SqlState::UNIQUE_VIOLATION) => {
            (ErrorCode::SlugTaken, "the slug is taken".to_owned())
        }
        ("jobs_one_rollout", _) => (ErrorCode::RolloutOpen, "another rollout has not ended yet".to_owned()),
        ("tenants_plan_fkey", _) => (ErrorCode::PlanUnknown, "the plan is unknown".to_owned()),
        ("tenants_cluster_fkey", _) => (ErrorCode::ClusterUnknown, "the cluster is unknown".to_owned()),
        ("tenants_isolation_check", _) => {
            (ErrorCode::IsolationUnknown, "the isolation is unknown".to_owned())
        }
        _ => return None,
    })
}
