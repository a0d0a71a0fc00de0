//! Which idle server connection to take, and which one to close to make room.
//!
//! A server keeps what it has learnt of each table that it ever touched (12 to 14 KB for each), so where tenants share
//! server connections, a tenant had better come back to one that knows it; and the others had better stay unknown to it.
//! Both choices look at the idle connections of one pool, of which there are tens.

use std::time::Duration;

use super::wear::Wear;

/// An idle server connection of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Idle<'a, S> {
    /// Which.
    pub server: S,
    /// When it was given back.
    pub since: Duration,
    /// What it has been through.
    pub wear: &'a Wear,
}

/// The server to take for a tenant: one that knows the tenant, the latest used one of these, because its caches are warm;
/// else the one that knows the fewest tenants, so that as few as possible get to know many.
pub fn take<'a, S: Copy + 'a>(idle: impl IntoIterator<Item = Idle<'a, S>>, tenant: u64) -> Option<S> {
    let rank = |candidate: &Idle<'a, S>| {
        let stranger = !candidate.wear.knows(tenant);
        let tenants = if stranger { candidate.wear.tenants() } else { 0 };
        (stranger, tenants, std::cmp::Reverse(candidate.since))
    };
    idle.into_iter().min_by_key(rank).map(|candidate| candidate.server)
}

/// An idle server connection that could be closed for the sake of another pool.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<S> {
    /// Which.
    pub server: S,
    /// When it was given back.
    pub since: Duration,
    /// Connections that its pool has, and has to have at least.
    pub pool: (usize, usize),
}

/// The server to close when the budget is used up and another pool needs one: the one idle for the longest time, of pools
/// that have more than their minimum.
pub fn evict<S>(idle: impl IntoIterator<Item = Candidate<S>>) -> Option<S> {
    let spare = idle.into_iter().filter(|candidate| candidate.pool.0 > candidate.pool.1);
    spare.min_by_key(|candidate| candidate.since).map(|candidate| candidate.server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wear(tenants: &[u64]) -> Wear {
        let mut wear = Wear::new(Duration::ZERO);
        tenants.iter().for_each(|tenant| wear.served(*tenant, 0));
        wear
    }

    fn chosen(servers: &[(u64, &Wear)], tenant: u64) -> Option<usize> {
        let idle = servers.iter().enumerate();
        take(
            idle.map(|(n, (since, wear))| Idle { server: n, since: Duration::from_secs(*since), wear }),
            tenant,
        )
    }

    #[test]
    fn a_tenant_comes_back_to_who_knows_it() {
        let (a, b, c) = (wear(&[1, 2]), wear(&[2]), wear(&[]));
        assert_eq!(chosen(&[(9, &a), (5, &b), (7, &c)], 1), Some(0));
        assert_eq!(chosen(&[(9, &a), (5, &b), (7, &c)], 2), Some(0), "the latest used");
        assert_eq!(chosen(&[(4, &a), (5, &b), (7, &c)], 2), Some(1));
        assert_eq!(chosen(&[(9, &a), (5, &b), (7, &c)], 3), Some(2), "who knows the fewest");
        assert_eq!(chosen(&[(9, &a), (5, &b), (6, &b)], 3), Some(2));
        assert_eq!(chosen(&[], 1), None);
    }

    #[test]
    fn the_longest_idle_of_pools_with_spare_connections_goes() {
        let candidate =
            |server: u32, since: u64, pool| Candidate { server, since: Duration::from_secs(since), pool };
        let idle = [candidate(1, 5, (1, 1)), candidate(2, 9, (2, 1)), candidate(3, 7, (3, 0))];
        assert_eq!(evict(idle), Some(3));
        assert_eq!(evict([candidate(1, 5, (1, 1))]), None);
        assert_eq!(evict::<u32>([]), None);
    }

    /// Tenants that take turns on a few servers: with affinity each server gets to know its part of them only.
    #[test]
    fn affinity_keeps_tenants_apart() {
        let mut servers: Vec<(u64, Wear)> = (0..4).map(|_| (0, wear(&[]))).collect();
        for round in 0..10_u64 {
            for tenant in 0..40_u64 {
                let at: Vec<_> = servers.iter().map(|(since, wear)| (*since, wear)).collect();
                let n = chosen(&at, tenant).unwrap();
                servers[n].0 = round * 40 + tenant;
                servers[n].1.served(tenant, 0);
            }
        }
        assert_eq!(servers.iter().map(|(_, wear)| wear.tenants()).collect::<Vec<_>>(), [10; 4]);
    }
}
