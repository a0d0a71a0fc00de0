//! The profiles of this process: one for each tenant, door and service that has clients.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};

use tenantry_domain::ServiceName;

use super::Profile;
use crate::hub::lock;
use tenantry_domain::TenantId;
use tenantry_shape::application::Door;

type Key = (TenantId, Door, ServiceName);

/// Profiles kept before those that nobody has are looked for.
const SWEPT_AT: usize = 1_024;

/// See the module.
#[derive(Default)]
pub struct Profiles {
    known: Mutex<HashMap<Key, Weak<Profile>>>,
    next: AtomicU32,
}

impl Profiles {
    /// The one profile of these; `wanted` carries any number. Who has moved gets a new one.
    pub fn get(&self, wanted: Profile, service: &ServiceName) -> Arc<Profile> {
        let Some(tenant) = wanted.tenant else { return Arc::new(wanted) };
        let key = (tenant, wanted.door, service.clone());
        let mut known = lock(&self.known);
        if let Some(found) = known.get(&key).and_then(Weak::upgrade)
            && *found == (Profile { id: found.id, ..wanted.clone() })
        {
            return found;
        }
        if known.len() >= SWEPT_AT && known.len() == known.capacity() {
            known.retain(|_, profile| profile.strong_count() > 0);
        }
        let profile = Arc::new(Profile { id: self.next.fetch_add(1, Relaxed), ..wanted });
        known.insert(key, Arc::downgrade(&profile));
        profile
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.known).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tenant: u32, schema: &str) -> Profile {
        let tenant = format!("{tenant:08x}-0000-4000-8000-000000000000").parse().unwrap();
        Profile { tenant: Some(tenant), schema: schema.into(), ..Profile::nobodys() }
    }

    #[test]
    fn clients_of_one_tenant_share_one() {
        let profiles = Profiles::default();
        let (main, crm): (ServiceName, ServiceName) = ("main".parse().unwrap(), "crm".parse().unwrap());
        let first = profiles.get(of(1, "a"), &main);
        assert!(Arc::ptr_eq(&first, &profiles.get(of(1, "a"), &main)));
        let others = [profiles.get(of(2, "a"), &main), profiles.get(of(1, "a"), &crm)];
        let app = profiles.get(Profile { door: Door::App, ..of(1, "a") }, &main);
        let moved = profiles.get(of(1, "b"), &main);
        let ids = [first.id, others[0].id, others[1].id, app.id, moved.id];
        assert_eq!(ids, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_nobody_has_goes() {
        let profiles = Profiles::default();
        let main: ServiceName = "main".parse().unwrap();
        let kept = profiles.get(of(0, "a"), &main);
        for tenant in 1..50_000 {
            profiles.get(of(tenant, "a"), &main);
        }
        assert!(profiles.len() < 4 * SWEPT_AT, "{}", profiles.len());
        assert!(Arc::ptr_eq(&kept, &profiles.get(of(0, "a"), &main)));
    }
}
