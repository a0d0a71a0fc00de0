//! Servers that are safe to share: same cluster, same database, same login.

use std::collections::HashMap;
use std::sync::Arc;

use super::budget::Budget;
use super::clock::Millis;
use super::server::ServerId;
use super::waiters::Waiters;

/// A pool's number within one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PoolId(pub u32);

/// What makes server connections safe to share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    /// Name of the cluster.
    pub cluster: Arc<str>,
    /// Which of its replicas, counted from 0; none: its primary.
    pub replica: Option<usize>,
    /// Name of the database.
    pub database: Arc<str>,
    /// Login role on the server.
    pub login: Arc<str>,
}

impl PoolKey {
    /// Of a cluster's primary.
    pub fn primary(cluster: &str, database: &str, login: &str) -> Self {
        Self { cluster: cluster.into(), replica: None, database: database.into(), login: login.into() }
    }

    /// The same of one of its replicas.
    #[must_use]
    pub fn on_replica(&self, replica: usize) -> Self {
        Self { replica: Some(replica), ..self.clone() }
    }
}

/// A pool as the rim asks for it.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    /// Whose connections it holds.
    pub key: PoolKey,
    /// Connections at most, on each shard.
    pub servers_max: usize,
    /// Connections that are not closed for being idle.
    pub servers_min: usize,
    /// The cluster's connections.
    pub budget: Arc<Budget>,
}

/// A pool of this shard.
pub(super) struct Pool {
    pub spec: Arc<PoolSpec>,
    /// The last one used last.
    pub free: Vec<ServerId>,
    /// Connections, free or not.
    pub servers: usize,
    /// Connections that were asked for and have not come.
    pub opening: usize,
    pub waiters: Waiters,
    pub is_hungry: bool,
    /// When its server last took no connection; of replicas.
    pub refused: Option<Millis>,
}

impl Pool {
    /// Whether another connection may be asked for, the budget apart.
    pub(super) fn may_open(&self) -> bool {
        self.opening < self.waiters.len() && self.servers + self.opening < self.spec.servers_max
    }

    /// Whether it has connections, or will have.
    pub(super) fn is_served(&self) -> bool {
        self.servers + self.opening > 0
    }
}

/// All pools of a shard.
#[derive(Default)]
pub(super) struct Pools {
    ids: HashMap<PoolKey, PoolId>,
    pools: Vec<Pool>,
}

impl Pools {
    pub(super) fn get(&self, id: PoolId) -> &Pool {
        &self.pools[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: PoolId) -> &mut Pool {
        &mut self.pools[id.0 as usize]
    }

    pub(super) fn enter(&mut self, spec: &Arc<PoolSpec>) -> PoolId {
        if let Some(&id) = self.ids.get(&spec.key) {
            self.get_mut(id).spec = spec.clone();
            return id;
        }
        let id = PoolId(self.pools.len() as u32);
        self.ids.insert(spec.key.clone(), id);
        self.pools.push(Pool {
            spec: spec.clone(),
            free: Vec::new(),
            servers: 0,
            opening: 0,
            waiters: Waiters::default(),
            is_hungry: false,
            refused: None,
        });
        id
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.pools.len() as u32).map(PoolId)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pool> {
        self.pools.iter()
    }
}
