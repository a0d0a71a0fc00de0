//! What Prometheus reads. Tenants, jobs and blanks are counted when it asks; requests as they come.

use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tenantry_domain::{Error, ErrorCode, Isolation, Result, TenantStatus};
use tenantry_jobs::{JobStatus, queue};
use tenantry_postgres::pool::PoolSize;

use crate::Subject;

/// Upper bounds of the time of a request, in seconds.
const REQUEST_SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Time to read everything that is counted.
const READ_SECONDS_MAX: u64 = 5;

/// The recorder of one listener.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Metrics {
    /// For an executable of this version.
    pub fn new(version: &'static str) -> Self {
        let builder = PrometheusBuilder::new();
        let matcher = Matcher::Full("tenantry_http_request_seconds".to_owned());
        // Fails for an empty list alone; without the bounds it is a summary.
        let builder = builder
            .set_buckets_for_metric(matcher, REQUEST_SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, || {
            describe();
            gauge!("tenantry_build_info", "version" => version).set(1.0);
        });
        Self { recorder, handle }
    }

    /// Counts a request.
    pub fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = [("route", route.to_owned()), ("method", method.to_owned())];
        with_local_recorder(&self.recorder, || {
            histogram!("tenantry_http_request_seconds", &labels).record(took.as_secs_f64());
            let [route, method] = labels;
            let status = ("status", status.to_string());
            counter!("tenantry_http_requests_total", &[route, method, status]).increment(1);
        });
    }

    /// The text. While the control database is away, what other parts of the process tell of themselves is all there is.
    ///
    /// # Errors
    /// Those of the control database, where there is no other part.
    pub async fn render(&self, subject: &Subject) -> Result<String> {
        let figures = subject.figures.render().await;
        match self.own(subject).await {
            Ok(own) => Ok(own + &figures),
            Err(error) if figures.is_empty() => Err(error),
            Err(error) => {
                tracing::warn!(error = ?error, "the metrics of the control database can't be read");
                Ok(figures)
            }
        }
    }

    async fn own(&self, subject: &Subject) -> Result<String> {
        let read = async {
            let tenants = subject.registry.tenant_counts().await?;
            let jobs = queue::counts(&subject.registry).await?;
            let blanks = subject.registry.blank_counts().await?;
            Ok::<_, Error>((tenants, jobs, blanks))
        };
        let late = |e| Error::new(ErrorCode::ServerUnreachable, "read the metrics").because(e);
        let limit = Duration::from_secs(READ_SECONDS_MAX);
        let (tenants, jobs, blanks) = tokio::time::timeout(limit, read).await.map_err(late)??;
        let pools = subject.clusters.pool_sizes();
        let registry = subject.registry.pool_size();
        with_local_recorder(&self.recorder, || {
            for status in TenantStatus::ALL {
                for isolation in Isolation::ALL {
                    let count = tenants.iter().find(|(s, i, _)| (*s, *i) == (status, isolation));
                    let labels = [("status", status.as_str()), ("isolation", isolation.as_str())];
                    gauge!("tenantry_tenants", &labels).set(count.map_or(0.0, |(_, _, n)| *n as f64));
                }
            }
            for status in JobStatus::ALL {
                let count = jobs.iter().find(|(s, _)| *s == status).map_or(0, |(_, n)| *n);
                gauge!("tenantry_jobs", "status" => status.to_string()).set(count as f64);
            }
            for blank in &blanks {
                let labels = [
                    ("service", blank.service.clone()),
                    ("cluster", blank.cluster.clone()),
                    ("isolation", blank.isolation.to_string()),
                ];
                gauge!("tenantry_blanks_ready", &labels).set(blank.ready as f64);
            }
            let findings = subject.doctor_findings.load(std::sync::atomic::Ordering::Relaxed);
            if findings >= 0 {
                gauge!("tenantry_doctor_findings").set(findings as f64);
            }
            let control = PoolSize { open: registry.open, idle: registry.idle, max: registry.max };
            pool("", "control", control);
            for (cluster, database, size) in &pools {
                pool(cluster, database, *size);
            }
        });
        Ok(self.handle.render())
    }
}

fn pool(cluster: &str, database: &str, size: PoolSize) {
    for (state, count) in [("idle", size.idle), ("used", size.open.saturating_sub(size.idle))] {
        let labels =
            [("cluster", cluster.to_owned()), ("database", database.to_owned()), ("state", state.to_owned())];
        gauge!("tenantry_pool_connections", &labels).set(count as f64);
    }
    let labels = [("cluster", cluster.to_owned()), ("database", database.to_owned())];
    gauge!("tenantry_pool_connections_max", &labels).set(size.max as f64);
}

fn describe() {
    metrics::describe_gauge!("tenantry_build_info", "Always 1; the label tells the version.");
    metrics::describe_gauge!("tenantry_tenants", "Tenants by status and isolation.");
    metrics::describe_gauge!("tenantry_jobs", "Jobs by status, upkeep included.");
    metrics::describe_gauge!("tenantry_blanks_ready", "Schemas and databases that wait for a new tenant.");
    metrics::describe_gauge!("tenantry_pool_connections", "Open connections of each pool.");
    metrics::describe_gauge!("tenantry_pool_connections_max", "Connections of each pool at most.");
    metrics::describe_gauge!("tenantry_doctor_findings", "What doctor found when the server last ran it.");
    metrics::describe_counter!("tenantry_http_requests_total", "HTTP requests answered.");
    metrics::describe_histogram!(
        "tenantry_http_request_seconds",
        metrics::Unit::Seconds,
        "Time of HTTP requests."
    );
}
