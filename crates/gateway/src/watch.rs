//! Tenants that were suspended, deleted or moved: their open sessions end.

use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode, TenantId};
use tenantry_registry::directory::Snapshot;

use crate::hub::Hub;
use crate::login::{closed, closed_again};
use crate::shard::Command;

/// Follows the directory until nobody keeps it any more.
pub async fn serve(hub: Arc<Hub>) {
    let mut changes = hub.setup.directory.changes();
    let mut before = changes.borrow_and_update().clone();
    while changes.changed().await.is_ok() {
        let now = changes.borrow_and_update().clone();
        for (tenant, _) in hub.clients() {
            if let Some(error) = ended(&before, &now, tenant) {
                hub.order_all(|| Command::TenantClosed(tenant, closed_again(&error)));
            }
        }
        before = now;
    }
}

/// Why a tenant's sessions end with this change; `None`: they go on.
fn ended(before: &Snapshot, now: &Snapshot, tenant: TenantId) -> Option<Error> {
    let (old, new) = (before.get(tenant), now.get(tenant));
    if let (Some(old), Some(new)) = (old, new)
        && Arc::ptr_eq(old, new)
    {
        return None;
    }
    let moved = || Error::new(ErrorCode::ConnectionLost, "the tenant has moved").help("connect again");
    closed(now, tenant).or_else(|| {
        let (old, new) = (old?, new?);
        (old.placements != new.placements || old.isolation != new.isolation).then(moved)
    })
}
