//! Which server connections may be shared: pools by cluster, database and login, and whose login it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tenantry_domain::TenantId;

use crate::hub::lock;
use crate::reads::Replicas;
use crate::shard::{Budget, PoolKey, PoolSpec};

/// Whose login a pool's connections have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A tenant's.
    Tenant(TenantId),
    /// The app door's, which tenants share.
    App,
}

/// A server: a cluster's primary or one of its replicas.
pub type Place = (Arc<str>, Option<usize>);

/// Pools that were asked for, and the budgets of clusters.
pub struct Pools {
    known: Mutex<HashMap<PoolKey, (Arc<PoolSpec>, Whose)>>,
    budgets: Mutex<HashMap<Place, Arc<Budget>>>,
    per_cluster_max: usize,
    shards: usize,
}

impl Pools {
    /// With so many connections for each cluster, over so many shards.
    pub fn new(per_cluster_max: usize, shards: usize) -> Self {
        Self { known: Mutex::default(), budgets: Mutex::default(), per_cluster_max, shards: shards.max(1) }
    }

    /// The pool of this key; the login has at most so many connections over all shards, or on the one that it keeps to.
    pub fn get(&self, key: PoolKey, whose: Whose, connections_max: usize, is_pinned: bool) -> Arc<PoolSpec> {
        let shards = if is_pinned { 1 } else { self.shards };
        self.of_shard(key, whose, (connections_max / shards).max(1))
    }

    /// The pools of the same login on its cluster's replicas, each as large.
    pub fn on_replicas(&self, pool: &PoolSpec, replicas: &Replicas) -> Arc<[Arc<PoolSpec>]> {
        // Whoever has a pool has asked for it here.
        let whose = self.whose(&pool.key).unwrap_or(Whose::App);
        let of = |replica| self.of_shard(pool.key.on_replica(replica), whose, pool.servers_max);
        (0..replicas.each().len()).map(of).collect()
    }

    fn of_shard(&self, key: PoolKey, whose: Whose, servers_max: usize) -> Arc<PoolSpec> {
        let mut known = lock(&self.known);
        if let Some((spec, _)) = known.get(&key).filter(|(spec, _)| spec.servers_max == servers_max) {
            return spec.clone();
        }
        let budget = self.budget((key.cluster.clone(), key.replica));
        let spec = Arc::new(PoolSpec { key: key.clone(), servers_max, servers_min: 0, budget });
        known.insert(key, (spec.clone(), whose));
        spec
    }

    /// Whether a login with so few connections has to keep to one shard.
    pub fn is_pinned(&self, connections_max: usize) -> bool {
        connections_max < self.shards
    }

    /// Whose login the connections of a pool have.
    pub fn whose(&self, key: &PoolKey) -> Option<Whose> {
        lock(&self.known).get(key).map(|(_, whose)| *whose)
    }

    /// Connections that each server is used with.
    pub fn used(&self) -> Vec<(Place, usize)> {
        lock(&self.budgets).iter().map(|(place, budget)| (place.clone(), budget.used())).collect()
    }

    /// Connections that a server of a cluster may be used with.
    pub fn per_cluster_max(&self) -> usize {
        self.per_cluster_max
    }

    fn budget(&self, place: Place) -> Arc<Budget> {
        let mut budgets = lock(&self.budgets);
        let new = || Arc::new(Budget::new(self.per_cluster_max));
        budgets.entry(place).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(login: &str) -> PoolKey {
        PoolKey::primary("c", "d", login)
    }

    #[test]
    fn shards_share_what_a_login_may_have() {
        let pools = Pools::new(10, 4);
        let get = |login, max| pools.get(key(login), Whose::App, max, pools.is_pinned(max));
        let pool = get("a", 20);
        assert_eq!(pool.servers_max, 5);
        assert!(Arc::ptr_eq(&pool, &get("a", 20)));
        assert_eq!(get("b", 3).servers_max, 3, "all of them on one shard");
        assert!(pools.is_pinned(3) && !pools.is_pinned(4));
        assert_eq!(get("a", 40).servers_max, 10, "a plan that has changed");
        assert!(Arc::ptr_eq(&pool.budget, &get("b", 3).budget));
        let replicas = Replicas::new(["x".to_owned(), "y".to_owned()]);
        let on_replicas = pools.on_replicas(&pool, &replicas);
        let of_replica = |replica: usize| on_replicas[replica].clone();
        assert_eq!((of_replica(1).servers_max, of_replica(1).key.replica), (5, Some(1)));
        assert_eq!(pools.whose(&of_replica(1).key), Some(Whose::App));
        assert!(!Arc::ptr_eq(&pool.budget, &of_replica(0).budget), "each server has a budget of its own");
        assert!(!Arc::ptr_eq(&of_replica(1).budget, &of_replica(0).budget));
        assert_eq!(pools.whose(&key("a")), Some(Whose::App));
        assert_eq!(pools.whose(&key("z")), None);
    }
}
