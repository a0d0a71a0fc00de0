//! When a server connection has to be renewed.
//!
//! A backend's caches grow with each table that it touches and never shrink: 136 MB after 1,000 tenants of 10 tables,
//! measured. Age alone does not tell: one connection may serve a single tenant for a day, another 500 in a minute. So
//! what is measured is what it has met: tenants, and an estimate of bytes from the tables that each brings along.

use std::collections::HashSet;
use std::time::Duration;

use tenantry_domain::Limits;

/// KiB that a backend keeps of each table it has touched.
pub const CACHE_KIB_PER_TABLE: u64 = 13;

/// What a server connection has been through.
#[derive(Clone, Debug)]
pub struct Wear {
    born: Duration,
    tenants: HashSet<u64>,
    cache_kib: u64,
}

/// Why a connection is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It has lived long enough.
    Age,
    /// It has served too many tenants.
    Tenants,
    /// Its caches have grown too large, by estimate.
    Cache,
}

/// From when on connections are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wearout {
    /// Age.
    pub lifetime: Duration,
    /// Tenants served.
    pub tenants_max: usize,
    /// KiB of caches.
    pub cache_kib_max: u64,
}

impl From<&Limits> for Wearout {
    fn from(limits: &Limits) -> Self {
        Self {
            lifetime: Duration::from_secs(limits.gateway_server_lifetime_seconds_max),
            tenants_max: limits.gateway_server_tenants_max,
            cache_kib_max: limits.gateway_server_cache_kib_max,
        }
    }
}

impl Wear {
    /// Of a connection that has just been opened.
    pub fn new(now: Duration) -> Self {
        Self { born: now, tenants: HashSet::new(), cache_kib: 0 }
    }

    /// It serves a tenant that has so many tables. Only the first time counts; that time allocates, later ones don't.
    pub fn served(&mut self, tenant: u64, tables: u32) {
        if self.tenants.insert(tenant) {
            self.cache_kib = self.cache_kib.saturating_add(u64::from(tables) * CACHE_KIB_PER_TABLE);
        }
    }

    /// Whether it has served this tenant.
    pub fn knows(&self, tenant: u64) -> bool {
        self.tenants.contains(&tenant)
    }

    /// How many tenants it has served.
    pub fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// Whether it is to be closed once it is free. The age at which that happens lies up to an eighth below the lifetime,
    /// differently for each `salt`: connections that were opened together must not all be renewed together.
    pub fn renewal(&self, wearout: &Wearout, salt: u32, now: Duration) -> Option<Renewal> {
        // Below an eighth in 2^32 parts.
        let earlier = (wearout.lifetime / 8).mul_f64(f64::from(salt) / f64::from(u32::MAX));
        if self.cache_kib > wearout.cache_kib_max {
            Some(Renewal::Cache)
        } else if self.tenants.len() > wearout.tenants_max {
            Some(Renewal::Tenants)
        } else if now.saturating_sub(self.born) >= wearout.lifetime - earlier {
            Some(Renewal::Age)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEAROUT: Wearout =
        Wearout { lifetime: Duration::from_secs(800), tenants_max: 3, cache_kib_max: 1_000 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn by_age_spread_out() {
        let wear = Wear::new(at(100));
        assert_eq!(wear.renewal(&WEAROUT, 0, at(899)), None);
        assert_eq!(wear.renewal(&WEAROUT, 0, at(900)), Some(Renewal::Age));
        assert_eq!(wear.renewal(&WEAROUT, u32::MAX, at(799)), None);
        assert_eq!(wear.renewal(&WEAROUT, u32::MAX, at(800)), Some(Renewal::Age));
        assert_eq!(wear.renewal(&WEAROUT, 0, at(0)), None, "a clock that stands behind");
    }

    #[test]
    fn by_tenants_each_counted_once() {
        let mut wear = Wear::new(at(0));
        for tenant in [1, 2, 3, 1, 2, 3] {
            wear.served(tenant, 0);
        }
        assert_eq!(wear.renewal(&WEAROUT, 0, at(0)), None);
        wear.served(4, 0);
        assert_eq!((wear.tenants(), wear.renewal(&WEAROUT, 0, at(0))), (4, Some(Renewal::Tenants)));
    }

    #[test]
    fn by_what_the_tenants_bring_along() {
        let mut wear = Wear::new(at(0));
        wear.served(1, 38);
        wear.served(2, 38);
        wear.served(2, 38);
        assert_eq!(wear.renewal(&WEAROUT, 0, at(0)), None, "76 tables are 988 KiB");
        wear.served(3, 1);
        assert_eq!(wear.renewal(&WEAROUT, 0, at(0)), Some(Renewal::Cache));
    }

    #[test]
    fn the_limits_of_the_configuration() {
        let limits = Limits::default();
        let wearout = Wearout::from(&limits);
        assert_eq!(wearout.lifetime.as_secs(), limits.gateway_server_lifetime_seconds_max);
        assert!(wearout.cache_kib_max >= CACHE_KIB_PER_TABLE * 100, "an app of 100 tables fits");
    }
}
