//! Opening and closing a tenant's login on every cluster that holds its data.

use tenantry_domain::{Error, ErrorCode, Result, TenantStatus};
use tenantry_jobs::Run;
use tenantry_postgres::tenant::{Script, Scripts};
use tenantry_registry::Transaction;

use crate::create::record;
use crate::platform::Platform;
use tenantry_registry::{TenantRow, tenants};

/// Lets the tenant in, or keeps it out and ends its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Open,
    Closed,
}

/// Makes sure that the tenant is still as the job needs it: other jobs may have come first since it was queued.
pub(crate) fn expect(row: &TenantRow, statuses: &[TenantStatus]) -> Result<()> {
    let (slug, status) = (&row.tenant.slug, row.tenant.status);
    if statuses.contains(&status) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::TenantStatus, format!("tenant {slug} is {status} by now")))
}

/// Sets the access, provided that the tenant has one of these statuses.
pub(crate) async fn change(
    platform: &Platform,
    run: &Run,
    access: Access,
    statuses: &[TenantStatus],
) -> Result<()> {
    expect(&platform.subject(run).await?, statuses)?;
    set(platform, run, access).await
}

/// Takes a change of access back: the tenant's status tells what holds, whether or not the change was ever made.
pub(crate) async fn take_back(platform: &Platform, run: &Run) -> Result<()> {
    let status = platform.subject(run).await?.tenant.status;
    set(platform, run, if status.admits_login() { Access::Open } else { Access::Closed }).await
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
