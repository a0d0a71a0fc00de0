//! Opening and closing a tenant's login on every cluster that holds its data.

use tenantry_domain::{Result, TenantStatus};
use tenantry_jobs::Run;
use tenantry_postgres::tenant::{Script, Scripts};
use tokio_postgres::Transaction;

use crate::create::record;
use crate::platform::Platform;
use tenantry_registry::tenants;

/// Lets the tenant in, or keeps it out and ends its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Open,
    Closed,
}

/// Sets the access on every cluster of the tenant; can be repeated.
pub(crate) async fn set(platform: &Platform, run: &Run, access: Access) -> Result<()> {
    let row = platform.subject(run).await?;
    let mut seen = Vec::new();
    for placement in platform.registry.placements(row.tenant.id).await? {
        if seen.contains(&placement.cluster) {
            continue;
        }
        let scripts = Scripts::new(&platform.app, &placement.service, &row.tenant);
        let script = scripts.render(match access {
            Access::Open => Script::OPEN_LOGIN,
            Access::Closed => Script::CLOSE_LOGIN,
        })?;
        let at = (placement.cluster.as_str(), &placement.service);
        platform.fenced(at, run, &script, "change the tenant's access").await?;
        seen.push(placement.cluster);
    }
    Ok(())
}

/// Sets the tenant's status and writes the audit entry.
pub(crate) async fn become_status(
    platform: &Platform,
    run: &Run,
    tx: &Transaction<'_>,
    next: TenantStatus,
    action: &str,
) -> Result<()> {
    let row = platform.subject(run).await?;
    tenants::set_status(tx, row.tenant.id, next).await?;
    record(tx, run, action, &row, serde_json::json!({})).await
}
