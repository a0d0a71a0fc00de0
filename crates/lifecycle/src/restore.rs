//! Restoring a deleted tenant within its retention time: it is let in again, with all it had.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, TenantStatus};
use tenantry_jobs::{Operation, Run};
use tenantry_registry::Transaction;

use crate::access::{self, Access};
use crate::platform::Platform;

impl Platform {
    /// Queues the restoration of a deleted tenant.
    ///
    /// # Errors
    /// `tenant_unknown` (also when it was purged), `tenant_status` when it is not deleted.
    pub async fn restore(&self, slug: &str, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        if row.tenant.status != TenantStatus::Deleted {
            let e = Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {}, not deleted", row.tenant.status),
            );
            return Err(match row.is_being_purged() {
                true => e.help(format!(
                    "its purge has begun, and a part of its data is gone; `tenantry tenant delete {slug} --purge` goes on with it"
                )),
                false => e,
            });
        }
        self.enqueue("restore", &row, actor, json!({})).await
    }
}

/// The job `restore`.
pub struct Restore {
    platform: Platform,
}

impl Restore {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

impl Operation for Restore {
    fn kind(&self) -> &'static str {
        "restore"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        ["open", "activate"].map(str::to_owned).to_vec()
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            if step == "open" {
                access::change(&self.platform, run, Access::Open, &[TenantStatus::Deleted]).await?;
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
            if step == "activate" {
                access::become_status(&self.platform, run, tx, TenantStatus::Active, "tenant.restore")
                    .await?;
            }
            Ok(())
        })
    }

    fn undo<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if step == "open" {
                access::take_back(&self.platform, run).await?;
            }
            Ok(())
        })
    }
}
