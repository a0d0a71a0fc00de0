//! Deleting a tenant: nobody gets in any more; its data is kept for the retention time and can be restored.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, TenantStatus};
use tenantry_jobs::{Operation, Outcome, Run};
use tenantry_registry::Transaction;
use tenantry_registry::tenants;

use crate::access::{self, Access};
use crate::create::record;
use crate::platform::Platform;

impl Platform {
    /// Queues the deletion of a tenant. One whose creation failed, of which nothing is left, is purged at once.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status`.
    pub async fn delete(&self, slug: &str, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        if row.tenant.status == TenantStatus::Failed {
            return self.purge(slug, actor).await;
        }
        self.queue("delete", slug, TenantStatus::Deleting, actor).await
    }
}

/// The job `delete`.
pub struct Delete {
    platform: Platform,
}

impl Delete {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    fn was_active(run: &Run) -> bool {
        run.input["before"].as_str() != Some(TenantStatus::Suspended.as_str())
    }
}

impl Operation for Delete {
    fn kind(&self) -> &'static str {
        "delete"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        ["mark", "close", "keep"].map(str::to_owned).to_vec()
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            if step == "close" {
                access::set(&self.platform, run, Access::Closed).await?;
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
            match step {
                "mark" if row.is_being_purged() => Err(Error::new(
                    ErrorCode::TenantStatus,
                    format!("tenant {} is being purged", row.tenant.slug),
                )),
                "mark" => tenants::set_status(tx, row.tenant.id, TenantStatus::Deleting).await,
                "keep" => {
                    let days = self.platform.app.limits.deleted_days_kept;
                    let days_kept = i32::try_from(days).unwrap_or(i32::MAX);
                    tenants::set_deleted(tx, row.tenant.id, days_kept).await?;
                    record(tx, run, "tenant.delete", &row, json!({ "days_kept": days })).await
                }
                _ => Ok(()),
            }
        })
    }

    fn undo<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if step == "close" && Self::was_active(run) {
                access::set(&self.platform, run, Access::Open).await?;
            }
            Ok(())
        })
    }

    fn settle<'a>(
        &'a self,
        run: &'a Run,
        _outcome: Outcome,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let row = self.platform.subject(run).await?;
            if row.tenant.status != TenantStatus::Deleting || row.is_being_purged() {
                // It was never marked: the tenant stays what it is (deleted by another job, say).
                return Ok(());
            }
            let back = if Self::was_active(run) { TenantStatus::Active } else { TenantStatus::Suspended };
            tenants::set_status(tx, row.tenant.id, back).await
        })
    }
}
