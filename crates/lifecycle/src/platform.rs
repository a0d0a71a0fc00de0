//! What every engine works with: the app, its registry, its clusters; and the fenced ways to change a data database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tenantry_domain::{App, Error, ErrorCode, JobId, Result, ServiceName, TenantId, TenantStatus};
use tenantry_jobs::{NewJob, Run, queue};
use tenantry_postgres::clone::CloneScript;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::pool::Pooled;
use tenantry_registry::{Registry, TenantRow};
use tokio_postgres::Client;

/// First number of the advisory lock that a job holds while it does what no transaction can fence.
const JOB_LOCK: i32 = 84106;
/// Advisory lock of a data database: shared by who makes tenants from its template, exclusive for who changes that.
pub const TEMPLATE_LOCK: i64 = 84107;

/// The app with everything it runs on.
#[derive(Clone)]
pub struct Platform {
    /// What `tenantry.toml` says.
    pub app: Arc<App>,
    /// The control database.
    pub registry: Registry,
    /// The servers.
    pub clusters: Clusters,
    /// Clone scripts of templates, by cluster and service, with the version that they hold.
    clones: Arc<Mutex<Clones>>,
}

type Clones = HashMap<TemplateKey, (i64, Arc<CloneScript>)>;

/// A template: a cluster and a service.
pub(crate) type TemplateKey = (String, ServiceName);

impl Platform {
    /// Puts the parts together.
    pub fn new(app: App, registry: Registry, clusters: Clusters) -> Self {
        Self { app: Arc::new(app), registry, clusters, clones: Arc::default() }
    }

    /// The clone script kept of a template, if it is of this version.
    pub(crate) fn kept_clone(&self, key: &TemplateKey, version: i64) -> Option<Arc<CloneScript>> {
        let clones = self.clones.lock().unwrap_or_else(PoisonError::into_inner);
        clones.get(key).filter(|(v, _)| *v == version).map(|(_, clone)| clone.clone())
    }

    /// Keeps a template's clone script.
    pub(crate) fn keep_clone(&self, key: TemplateKey, version: i64, clone: &Arc<CloneScript>) {
        let mut clones = self.clones.lock().unwrap_or_else(PoisonError::into_inner);
        clones.insert(key, (version, clone.clone()));
    }

    /// A connection to a service's data database, with the platform's login.
    ///
    /// # Errors
    /// `server_unreachable` and the like.
    pub async fn data(&self, cluster: &str, service: &ServiceName) -> Result<Pooled> {
        self.clusters.get(cluster, &self.app.layout().data_database(service)).await
    }

    /// Keeps a data database's template as it is for as long as this connection of its own lives.
    ///
    /// # Errors
    /// `busy` when somebody is changing it.
    pub(crate) async fn hold_template(&self, client: &Client) -> Result<()> {
        let text = format!(
            "SET lock_timeout = {lock};\nSELECT pg_catalog.pg_advisory_lock_shared({TEMPLATE_LOCK});\nRESET lock_timeout;",
            lock = self.app.limits.ddl_lock_ms_max,
        );
        client.batch_execute(&text).await.map_err(|e| db_error(e, "wait for the template"))
    }

    /// The tenant that a job is about.
    ///
    /// # Errors
    /// `tenant_unknown`.
    pub(crate) async fn subject(&self, run: &Run) -> Result<TenantRow> {
        let id: TenantId = run.tenant.ok_or_else(|| {
            Error::new(ErrorCode::TenantUnknown, format!("job {} is about no tenant any more", run.job))
        })?;
        self.registry.tenant(id).await
    }

    /// Runs a script in a data database: in one message, in one transaction that fails when a newer worker has the job.
    ///
    /// # Errors
    /// `job_fenced`, or what the server said.
    pub(crate) async fn fenced(
        &self,
        at: (&str, &ServiceName),
        run: &Run,
        script: &str,
        doing: &str,
    ) -> Result<()> {
        let client = self.data(at.0, at.1).await?;
        let text = format!(
            "BEGIN;\nSET LOCAL lock_timeout = {lock};\nSELECT tenantry.check_fence({job}, {fence});\n\
             SELECT pg_catalog.pg_advisory_xact_lock_shared({TEMPLATE_LOCK});\n{script}\nCOMMIT;",
            lock = self.app.limits.ddl_lock_ms_max,
            job = run.job,
            fence = run.fence,
        );
        let result = client.batch_execute(&text).await;
        if result.is_err() {
            // Fails where the connection is lost; the server rolls back by itself then.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        result.map_err(|e| fence_error(e, run.job, doing))
    }

    /// A connection of its own to a data database, which alone may act for this job outside transactions: whoever held
    /// that right before (a worker that was thought dead) loses its connection.
    ///
    /// # Errors
    /// `job_fenced`, or what the server said.
    pub(crate) async fn exclusive(&self, at: (&str, &ServiceName), run: &Run) -> Result<Client> {
        let doing = "take the job's lock on the cluster";
        let server = self.clusters.server(at.0)?;
        let client = connect(server, &self.app.layout().data_database(at.1), "tenantry job").await?;
        let key = i32::try_from(run.job.0 & i64::from(i32::MAX)).unwrap_or_default();
        loop {
            let held: bool =
                client.query_one(TRY_LOCK, &[&JOB_LOCK, &key]).await.map_err(|e| db_error(e, doing))?.get(0);
            if held {
                break;
            }
            client.execute(END_HOLDER, &[&JOB_LOCK, &key]).await.map_err(|e| db_error(e, doing))?;
        }
        client
            .execute(CHECK_FENCE, &[&run.job.0, &run.fence])
            .await
            .map_err(|e| fence_error(e, run.job, doing))?;
        Ok(client)
    }

    /// Queues a job about a tenant whose status may become `next`.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status`.
    pub(crate) async fn queue(
        &self,
        kind: &str,
        slug: &str,
        next: TenantStatus,
        actor: &str,
    ) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        let status = row.tenant.status;
        if !status.may_become(next) {
            return Err(Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {status}, so it can't become {next}"),
            ));
        }
        self.enqueue(kind, &row, actor, json!({ "before": status })).await
    }

    /// Queues a job about a tenant.
    pub(crate) async fn enqueue(
        &self,
        kind: &str,
        row: &TenantRow,
        actor: &str,
        input: Value,
    ) -> Result<JobId> {
        let client = self.registry.client().await?;
        let job = NewJob {
            kind,
            tenant: Some(row.tenant.id),
            slug: Some(row.tenant.slug.as_str()),
            actor,
            input,
            background: false,
        };
        queue::enqueue(&client, &job).await
    }
}

const TRY_LOCK: &str = include_str!("platform/try_lock.sql");
const END_HOLDER: &str = include_str!("platform/end_holder.sql");
const CHECK_FENCE: &str = include_str!("platform/check_fence.sql");

fn fence_error(e: tokio_postgres::Error, job: JobId, doing: &str) -> Error {
    let fenced = e.as_db_error().is_some_and(|db| {
        db.code().code() == "40001" && db.message().ends_with("was taken over by another worker")
    });
    if fenced {
        return Error::new(ErrorCode::JobFenced, format!("job {job} was taken over by another worker"));
    }
    db_error(e, doing)
}
