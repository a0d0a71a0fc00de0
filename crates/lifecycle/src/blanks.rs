//! Blanks: schemas and databases prepared in advance in the background, so that creating a tenant only takes one.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, Isolation, JobId, Result, ServiceName, TenantId};
use tenantry_jobs::{NewJob, Operation, Outcome, Run, queue};
use tenantry_postgres::error::db_error;
use tenantry_postgres::tenant::{Script, Scripts};
use tenantry_registry::Transaction;
use tenantry_registry::error::control_error;
use tenantry_registry::{Blank, blanks};

use crate::home::{Home, build_database, clone_into, drop_database, template_clone};
use crate::platform::Platform;

const SCHEMA_EXISTS: &str = include_str!("blanks/schema_exists.sql");

impl Platform {
    /// Queues what is missing of blanks, and the removal of those that an older template was cloned from. Returns how many
    /// jobs were queued.
    ///
    /// # Errors
    /// As for the registry and the data databases.
    pub async fn refill_blanks(&self) -> Result<usize> {
        let mut queued = 0;
        let limits = &self.app.limits;
        for service in self.app.services.values() {
            for (cluster, _, draining, _) in self.registry.cluster_load().await? {
                let bound = service.cluster.as_ref().is_some_and(|c| c.as_str() != cluster);
                if draining || bound || self.clusters.server(&cluster).is_err() {
                    continue;
                }
                let version = Home::template_version(self, (&cluster, &service.name)).await?;
                for blank in self.registry.stale_blanks(&service.name, &cluster, version).await? {
                    queued += usize::from(self.queue_discard(&blank).await?);
                }
                let wanted = [
                    (Isolation::Schema, limits.blank_schemas_ready),
                    (Isolation::Database, limits.blank_databases_ready),
                ];
                for (isolation, ready) in wanted {
                    let there =
                        self.registry.count_blanks(&service.name, &cluster, isolation, version).await?;
                    for _ in usize::try_from(there).unwrap_or(0)..ready {
                        self.queue_blank(&service.name, &cluster, isolation, version).await?;
                        queued += 1;
                    }
                }
            }
        }
        Ok(queued)
    }

    /// Queues the preparation of one blank.
    ///
    /// # Errors
    /// As for the registry.
    pub async fn queue_blank(
        &self,
        service: &ServiceName,
        cluster: &str,
        isolation: Isolation,
        version: i64,
    ) -> Result<JobId> {
        let blank = Blank {
            id: TenantId::random(),
            service: service.clone(),
            cluster: cluster.to_owned(),
            isolation,
            version,
        };
        let doing = "queue the preparation of a blank";
        let mut client = self.registry.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, doing))?;
        let job = queue::enqueue(&tx, &background("prepare_blank", &blank)).await?;
        blanks::reserve(&tx, &blank, job).await?;
        tx.commit().await.map_err(|e| control_error(e, doing))?;
        Ok(job)
    }

    async fn queue_discard(&self, blank: &Blank) -> Result<bool> {
        let doing = "queue the removal of a blank";
        let mut client = self.registry.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, doing))?;
        let job = queue::enqueue(&tx, &background("discard_blank", blank)).await?;
        if !blanks::withdraw(&tx, blank.id, job).await? {
            return Ok(false);
        }
        tx.commit().await.map_err(|e| control_error(e, doing))?;
        Ok(true)
    }
}

fn background<'a>(kind: &'a str, blank: &Blank) -> NewJob<'a> {
    NewJob { kind, tenant: None, slug: None, actor: "tenantry", input: json!(blank), background: true }
}

fn blank_of(run: &Run) -> Result<Blank> {
    serde_json::from_value(run.input.clone())
        .map_err(|e| Error::new(ErrorCode::Internal, "read the blank's description").because(e))
}

/// The job `prepare_blank`.
pub struct Prepare {
    platform: Platform,
}

impl Prepare {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    async fn build(&self, run: &Run) -> Result<()> {
        let blank = blank_of(run)?;
        let layout = self.platform.app.layout();
        let at = (blank.cluster.as_str(), &blank.service);
        let scripts = Scripts::for_blank(&layout, &blank.service, blank.id, blank.isolation)
            .number("version", blank.version);
        if blank.isolation == Isolation::Database {
            let database = layout.blank_database(&blank.service, blank.id);
            return build_database(&self.platform, at, run, &scripts, &database).await;
        }
        let schema = layout.blank_schema(blank.id);
        let there: bool = {
            let client = self.platform.data(at.0, at.1).await?;
            let row = client.query_one(SCHEMA_EXISTS, &[&schema]).await;
            row.map_err(|e| db_error(e, "look for the blank schema"))?.get(0)
        };
        if there {
            return Ok(());
        }
        let clone = template_clone(&self.platform, at, blank.version).await?;
        let mut script =
            scripts.render_all(&[Script::CHECK_TEMPLATE, Script::CREATE_OWNER, Script::CREATE_SCHEMA])?;
        script.push_str(&clone_into(&clone, &scripts, &schema)?);
        self.platform.fenced(at, run, &script, "prepare a blank schema").await
    }
}

impl Operation for Prepare {
    fn kind(&self) -> &'static str {
        "prepare_blank"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        vec!["build".to_owned()]
    }

    fn perform<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { self.build(run).await.map(|()| Value::Null) })
    }

    fn record<'a>(
        &'a self,
        _step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { blanks::ready(tx, blank_of(run)?.id).await })
    }

    fn undo<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(drop_blank(&self.platform, run))
    }

    fn settle<'a>(
        &'a self,
        run: &'a Run,
        _outcome: Outcome,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { blanks::remove(tx, blank_of(run)?.id).await })
    }
}

/// The job `discard_blank`.
pub struct Discard {
    platform: Platform,
}

impl Discard {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

impl Operation for Discard {
    fn kind(&self) -> &'static str {
        "discard_blank"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        vec!["drop".to_owned()]
    }

    fn undoes(&self) -> bool {
        false
    }

    fn perform<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { drop_blank(&self.platform, run).await.map(|()| Value::Null) })
    }

    fn record<'a>(
        &'a self,
        _step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { blanks::remove(tx, blank_of(run)?.id).await })
    }

    fn undo<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

async fn drop_blank(platform: &Platform, run: &Run) -> Result<()> {
    let blank = blank_of(run)?;
    let layout = platform.app.layout();
    let at = (blank.cluster.as_str(), &blank.service);
    let scripts = Scripts::for_blank(&layout, &blank.service, blank.id, blank.isolation);
    let script = if blank.isolation == Isolation::Database {
        let database = layout.blank_database(&blank.service, blank.id);
        drop_database(platform, at, run, &scripts, &database).await?;
        scripts.render(Script::DROP_OWNER)?
    } else {
        scripts.render_all(&[Script::DROP_SCHEMA, Script::DROP_OWNER])?
    };
    platform.fenced(at, run, &script, "drop a blank").await
}
