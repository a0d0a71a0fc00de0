//! Purging a deleted tenant: its data, its roles and its row go, for good. There is no undo: a purge that fails stays
//! where it is and goes on when tried again. From its first step on the tenant is `deleting` once more, since a part of its
//! data may be gone: it can't be restored.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, TenantStatus};
use tenantry_jobs::{Operation, Run};
use tenantry_postgres::tenant::{Script, Scripts};
use tenantry_registry::{TenantRow, Transaction, tenants};

use crate::create::{record, service_of};
use crate::home::Home;
use crate::platform::Platform;

impl Platform {
    /// Queues the purge of a deleted (or failed) tenant, before its retention time is over; or goes on with one that failed.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status` when it is in use.
    pub async fn purge(&self, slug: &str, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        let is_gone = matches!(row.tenant.status, TenantStatus::Deleted | TenantStatus::Failed);
        if !is_gone && !row.is_being_purged() {
            return Err(Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {}, not deleted", row.tenant.status),
            )
            .help(format!("delete it first: `tenantry tenant delete {slug}`")));
        }
        let placements = self.registry.placements(row.tenant.id).await?;
        let services: Vec<_> = placements.iter().map(|p| p.service.as_str().to_owned()).collect();
        self.enqueue("purge", &row, actor, json!({ "services": services })).await
    }

    /// Queues the purge of every tenant whose retention time is over or whose purge has failed; returns how many.
    ///
    /// # Errors
    /// As for the registry.
    pub async fn purge_expired(&self, actor: &str) -> Result<usize> {
        let expired = self.registry.expired_tenants().await?;
        let mut queued = 0;
        for row in expired {
            if !tenantry_jobs::queue::has_open(&self.registry, row.tenant.id).await? {
                self.purge(row.tenant.slug.as_str(), actor).await?;
                queued += 1;
            }
        }
        Ok(queued)
    }
}

/// The job `purge`.
pub struct Purge {
    platform: Platform,
}

impl Purge {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    /// The tenant; only of one that is being purged anything is removed.
    async fn subject(&self, run: &Run) -> Result<TenantRow> {
        let row = self.platform.subject(run).await?;
        if row.is_being_purged() {
            return Ok(row);
        }
        let (slug, status) = (&row.tenant.slug, row.tenant.status);
        Err(Error::new(ErrorCode::TenantStatus, format!("tenant {slug} is {status} by now")))
    }

    async fn remove_data(&self, run: &Run, step: &str) -> Result<()> {
        let row = self.subject(run).await?;
        let service = service_of(step);
        for placement in self.platform.registry.placements(row.tenant.id).await? {
            if Some(&placement.service) == service.as_ref() {
                Home::new(&self.platform, row.tenant.clone(), placement, None).withdraw(run).await?;
            }
        }
        Ok(())
    }

    async fn remove_login(&self, run: &Run) -> Result<()> {
        let row = self.subject(run).await?;
        let mut seen = Vec::new();
        for placement in self.platform.registry.placements(row.tenant.id).await? {
            if seen.contains(&placement.cluster) {
                continue;
            }
            let scripts = Scripts::new(&self.platform.app, &placement.service, &row.tenant);
            let script = scripts.render_all(&[Script::DISOWN_LOGIN, Script::DROP_LOGIN])?;
            let at = (placement.cluster.as_str(), &placement.service);
            self.platform.fenced(at, run, &script, "drop the tenant's login").await?;
            seen.push(placement.cluster);
        }
        Ok(())
    }
}

impl Operation for Purge {
    fn kind(&self) -> &'static str {
        "purge"
    }

    fn steps(&self, run: &Run) -> Vec<String> {
        let services = run.input["services"].as_array().cloned().unwrap_or_default();
        let data = services.iter().filter_map(Value::as_str).map(|s| format!("data:{s}"));
        let first = std::iter::once("mark".to_owned());
        first.chain(data).chain(["login", "forget"].map(str::to_owned)).collect()
    }

    fn undoes(&self) -> bool {
        false
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match step {
                "login" => self.remove_login(run).await?,
                "mark" | "forget" => {}
                _ => self.remove_data(run, step).await?,
            }
            Ok(Value::Null)
        })
    }

    fn record<'a>(
        &'a self,
        step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let row = self.platform.subject(run).await?;
            if step == "mark" {
                tenants::set_purging(tx, row.tenant.id).await?;
            } else if step == "forget" {
                record(tx, run, "tenant.purge", &row, json!({})).await?;
                tenants::remove(tx, row.tenant.id).await?;
            }
            Ok(())
        })
    }

    fn undo<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
