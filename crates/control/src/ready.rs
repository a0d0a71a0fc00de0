//! Whether work can be done.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenantry_jobs::queue;

use crate::Subject;

/// Time for all checks: whoever asks does so every few seconds.
const CHECKS_SECONDS_MAX: u64 = 2;

/// The answer: `ready` and each check.
#[derive(Debug, Serialize)]
pub struct Checks {
    ready: bool,
    checks: [Check; 3],
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Check {
    fn new(name: &'static str, failed: Option<String>) -> Self {
        Self { name, ok: failed.is_none(), reason: failed }
    }
}

impl Checks {
    /// Runs every check.
    pub async fn run(subject: &Subject) -> Self {
        let limit = Duration::from_secs(CHECKS_SECONDS_MAX);
        let workers = match tokio::time::timeout(limit, queue::workers(&subject.registry)).await {
            Ok(workers) => workers.map_err(|e| e.message().to_owned()),
            Err(_) => Err(format!("no answer within {CHECKS_SECONDS_MAX} seconds")),
        };
        let runs_here = subject.worker_runs.as_ref().map(|runs| runs.load(Ordering::Relaxed));
        let worker = match (&workers, runs_here) {
            (Err(_), _) => Some("unknown while the control database does not answer"),
            (_, Some(false)) => Some("the worker has stopped"),
            (Ok(0), _) => Some("no worker runs"),
            _ => None,
        };
        let migrated = subject.is_migrated.load(Ordering::Relaxed);
        let migrations = (!migrated).then(|| "migrations are being applied".to_owned());
        let checks = [
            Check::new("control_database", workers.as_ref().err().cloned()),
            Check::new("worker", worker.map(str::to_owned)),
            Check::new("migrations", migrations),
        ];
        Self { ready: checks.iter().all(|c| c.ok), checks }
    }
}

impl IntoResponse for Checks {
    fn into_response(self) -> Response {
        let status = if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(self)).into_response()
    }
}
