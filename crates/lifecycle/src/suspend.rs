//! Suspending and resuming a tenant: its login is closed, its sessions end, its data stays as it is.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, TenantStatus};
use tenantry_jobs::{Operation, Run};
use tenantry_registry::Transaction;

use crate::access::{self, Access};
use crate::platform::Platform;

impl Platform {
    /// Queues the suspension of a tenant.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status`.
    pub async fn suspend(&self, slug: &str, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        if row.tenant.status != TenantStatus::Active {
            return Err(Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {}, not active", row.tenant.status),
            ));
        }
        self.enqueue("suspend", &row, actor, json!({})).await
    }

    /// Queues the resumption of a suspended tenant.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status`.
    pub async fn resume(&self, slug: &str, actor: &str) -> Result<JobId> {
        let row = self.registry.find_tenant(slug).await?;
        if row.tenant.status != TenantStatus::Suspended {
            return Err(Error::new(
                ErrorCode::TenantStatus,
                format!("tenant {slug} is {}, not suspended", row.tenant.status),
            ));
        }
        self.enqueue("resume", &row, actor, json!({})).await
    }
}

/// Either may be what the tenant is already: a job that was queued twice does nothing the second time.
const IN_USE: &[TenantStatus] = &[TenantStatus::Active, TenantStatus::Suspended];

macro_rules! access_job {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $to:expr, $status:expr, $action:literal) => {
        $(#[$doc])*
        pub struct $name {
            platform: Platform,
        }

        impl $name {
            /// The job on this platform.
            pub fn new(platform: Platform) -> Self {
                Self { platform }
            }
        }

        impl Operation for $name {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn steps(&self, _run: &Run) -> Vec<String> {
                vec!["access".to_owned()]
            }

            fn perform<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
                Box::pin(async move { access::change(&self.platform, run, $to, IN_USE).await.map(|()| Value::Null) })
            }

            fn record<'a>(
                &'a self,
                _step: &'a str,
                run: &'a Run,
                _output: &'a Value,
                tx: &'a Transaction<'_>,
            ) -> BoxFuture<'a, Result<()>> {
                Box::pin(access::become_status(&self.platform, run, tx, $status, $action))
            }

            fn undo<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
                Box::pin(access::take_back(&self.platform, run))
            }
        }
    };
}

access_job!(
    /// The job `suspend`.
    Suspend, "suspend", Access::Closed, TenantStatus::Suspended, "tenant.suspend"
);
access_job!(
    /// The job `resume`.
    Resume, "resume", Access::Open, TenantStatus::Active, "tenant.resume"
);
