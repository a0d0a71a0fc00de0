//! Renaming a tenant: only the registry knows slugs, so nothing on a server changes.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, Slug, TenantStatus};
use tenantry_jobs::{Operation, Run};
use tenantry_registry::Transaction;
use tenantry_registry::tenants;

use crate::access::expect;
use crate::create::record;
use crate::platform::Platform;

impl Platform {
    /// Queues the renaming of a tenant: a new slug, and perhaps a new name for people.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status` (being deleted, or deleted), `slug_taken`.
    pub async fn rename(&self, slug: &str, to: &Slug, name: Option<&str>, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        let status = row.tenant.status;
        if !matches!(status, TenantStatus::Active | TenantStatus::Suspended) {
            return Err(Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {status} and can't be renamed"),
            ));
        }
        if to.as_str() != slug && self.registry.find_tenant(to.as_str()).await.is_ok() {
            return Err(Error::new(ErrorCode::SlugTaken, format!("the slug {to} is taken")));
        }
        self.enqueue("rename", &row, actor, json!({ "to": to, "name": name })).await
    }
}

/// The job `rename`.
pub struct Rename {
    platform: Platform,
}

impl Rename {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

impl Operation for Rename {
    fn kind(&self) -> &'static str {
        "rename"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        vec!["rename".to_owned()]
    }

    fn perform<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async { Ok(Value::Null) })
    }

    fn record<'a>(
        &'a self,
        _step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let row = self.platform.subject(run).await?;
            expect(&row, &[TenantStatus::Active, TenantStatus::Suspended])?;
            let to = run.input["to"].as_str().unwrap_or_default();
            tenants::rename(tx, row.tenant.id, to, run.input["name"].as_str()).await?;
            record(tx, run, "tenant.rename", &row, json!({ "from": row.tenant.slug, "to": to })).await
        })
    }

    fn undo<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
