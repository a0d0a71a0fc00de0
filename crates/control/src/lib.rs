//! The HTTP listener: `/health`, `/ready` and `/metrics`.
//!
//! `/health` says that the process lives, and asks nobody; `/ready` asks whether work can be done; `/metrics` is
//! Prometheus' text format. Errors are problems of RFC 9457 with a stable `code`.

mod figures;
mod metrics;
mod problem;
mod ready;
mod router;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use tenantry_domain::{ErrorCode, Result, ResultExt as _};
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::Registry;
use tokio::net::TcpListener;

pub use figures::Figures;

/// What the listener tells about.
#[derive(Clone)]
pub struct Subject {
    /// The control database.
    pub registry: Registry,
    /// The servers with their pools.
    pub clusters: Clusters,
    /// The executable's version.
    pub version: &'static str,
    /// Whether the app's migrations are applied.
    pub is_migrated: Arc<AtomicBool>,
    /// How much doctor found when the server last ran it; -1 before that.
    pub doctor_findings: Arc<AtomicI64>,
    /// Whether the worker of this process runs; absent where it has none, so that another process must have one.
    pub worker_runs: Option<Arc<AtomicBool>>,
    /// What other parts of the process tell Prometheus.
    pub figures: Figures,
}

/// Opens the address.
///
/// # Errors
/// `listen_failed`.
pub async fn bind(address: &str) -> Result<(TcpListener, SocketAddr)> {
    let doing = format!("listen on {address}");
    let listener = TcpListener::bind(address).await.code(ErrorCode::ListenFailed, doing.clone())?;
    let local = listener.local_addr().code(ErrorCode::ListenFailed, doing)?;
    Ok((listener, local))
}

/// Answers requests until `stop` is done; then those in hand are finished.
///
/// # Errors
/// `io`.
pub async fn serve(
    listener: TcpListener,
    subject: Subject,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    axum::serve(listener, router::router(subject))
        .with_graceful_shutdown(stop)
        .await
        .code(ErrorCode::Io, "answer HTTP requests")
}
