//! Changes of the directory that end open sessions or change what holds for them: tenants that were suspended, deleted or
//! moved, passwords and tokens that were revoked, plans.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tenantry_domain::{Error, ErrorCode, TenantId};
use tenantry_registry::directory::Snapshot;
use tenantry_registry::doors::DoorSecret;

use crate::hub::Hub;
use crate::login::{closed, closed_again};
use crate::plan;
use crate::shard::Command;

/// What is forgotten so shortly before its end was not revoked: clocks differ.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// The password or token that a session was opened with.
#[derive(Clone, Copy, Debug)]
pub struct Opener {
    /// Its number.
    pub id: i64,
    until: Option<Timestamp>,
}

impl Opener {
    /// This one.
    pub fn of(secret: &DoorSecret) -> Self {
        Self { id: secret.id, until: secret.expires_at }
    }

    /// Whether it is not among these any more before its time: what ends by itself ends no session.
    fn is_revoked(self, secrets: &[DoorSecret], now: Timestamp) -> bool {
        let is_over = self.until.is_some_and(|end| end <= now + MARGIN);
        !is_over && secrets.iter().all(|secret| secret.id != self.id)
    }
}

/// Follows the directory until nobody keeps it any more.
pub async fn serve(hub: Arc<Hub>) {
    let mut changes = hub.setup.directory.changes();
    let mut before = changes.borrow_and_update().clone();
    while changes.changed().await.is_ok() {
        let now = changes.borrow_and_update().clone();
        let mut revoked = gone(before.app_secrets(), now.app_secrets());
        for (tenant, _) in hub.clients() {
            let (old, new) = (before.get(tenant), now.get(tenant));
            if let (Some(old), Some(new)) = (old, new) {
                if Arc::ptr_eq(old, new) {
                    continue;
                }
                revoked.extend(gone(&old.secrets, &new.secrets));
                let limits = plan::limits(&hub.setup.app, new);
                if limits != plan::limits(&hub.setup.app, old) {
                    hub.order_all(|| Command::TenantLimits(tenant, limits));
                }
            }
            if let Some(error) = ended(&before, &now, tenant) {
                hub.order_all(|| Command::TenantClosed(tenant, closed_again(&error)));
            }
        }
        end(&hub, revoked);
        before = now;
    }
}

/// Ends the sessions that these have opened.
pub fn end(hub: &Hub, openers: Vec<i64>) {
    if openers.is_empty() {
        return;
    }
    let openers: Arc<[i64]> = openers.into();
    hub.order_all(|| Command::Revoked(openers.clone(), revocation()));
}

/// What the clients of such sessions read.
pub fn revocation() -> Error {
    Error::new(ErrorCode::CredentialRevoked, "the password or token that opened this session was revoked")
}

/// Whether what a tenant's client has logged in with is still good.
pub fn is_known(snapshot: &Snapshot, tenant: TenantId, opener: Opener) -> bool {
    let now = Timestamp::now();
    let of_tenant = snapshot.get(tenant).is_some_and(|entry| !opener.is_revoked(&entry.secrets, now));
    of_tenant || !opener.is_revoked(snapshot.app_secrets(), now)
}

/// Waits until a secret is revoked; for ever if it is not.
pub async fn revoked(hub: &Hub, opener: Opener, among: fn(&Snapshot) -> &[DoorSecret]) {
    let mut changes = hub.setup.directory.changes();
    let is_revoked = |now: &Arc<Snapshot>| opener.is_revoked(among(now), Timestamp::now());
    if changes.wait_for(is_revoked).await.is_err() {
        // Nobody keeps the directory any more.
        std::future::pending::<()>().await;
    }
}

/// Secrets that were there before and were revoked since.
fn gone(before: &[DoorSecret], now: &[DoorSecret]) -> Vec<i64> {
    let time = Timestamp::now();
    let openers = before.iter().map(Opener::of);
    openers.filter(|opener| opener.is_revoked(now, time)).map(|opener| opener.id).collect()
}

/// Why a tenant's sessions end with this change; `None`: they go on.
fn ended(before: &Snapshot, now: &Snapshot, tenant: TenantId) -> Option<Error> {
    let moved = || Error::new(ErrorCode::ConnectionLost, "the tenant has moved").help("connect again");
    closed(now, tenant).or_else(|| {
        let (old, new) = (before.get(tenant)?, now.get(tenant)?);
        (old.placements != new.placements || old.isolation != new.isolation).then(moved)
    })
}

#[cfg(test)]
mod tests {
    use tenantry_registry::doors::{SecretKeys, SecretKind};

    use super::*;

    fn secret(id: i64, hours: Option<i64>) -> DoorSecret {
        let expires_at = hours.map(|hours| Timestamp::now() + SignedDuration::from_hours(hours));
        let keys = SecretKeys { stored: [0; 32], server: [0; 32] };
        DoorSecret { id, role: None, kind: SecretKind::Token, keys, expires_at }
    }

    #[test]
    fn what_ends_by_itself_was_not_revoked() {
        let before = [
            secret(1, None),
            secret(2, Some(1)),
            secret(3, Some(0)),
            secret(4, Some(-1)),
            secret(5, Some(1)),
        ];
        assert_eq!(gone(&before, &[secret(5, Some(1)), secret(6, None)]), [1, 2]);
        assert!(gone(&before, &before).is_empty());
    }
}
