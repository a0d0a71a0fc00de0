//! The app's clusters: one server each, and the pools of its databases, opened when first asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tenantry_domain::{ClusterName, Error, ErrorCode, Result};

use crate::pool::{Pool, PoolSize, Pooled};
use crate::server::Server;

/// What these connections call themselves in `pg_stat_activity`.
const APPLICATION_NAME: &str = "tenantry";

/// The app's servers with the platform's login.
#[derive(Clone)]
pub struct Clusters {
    servers: Arc<BTreeMap<String, Server>>,
    pools: Arc<Mutex<HashMap<(String, String), Pool>>>,
    connections_max: usize,
}

impl Clusters {
    /// These servers by cluster, with at most so many connections to each database.
    pub fn new(servers: BTreeMap<ClusterName, Server>, connections_per_database_max: usize) -> Self {
        let servers = servers.into_iter().map(|(name, server)| (name.as_str().to_owned(), server)).collect();
        Self {
            servers: Arc::new(servers),
            pools: Arc::default(),
            connections_max: connections_per_database_max,
        }
    }

    /// Every cluster's name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.servers.keys().map(String::as_str)
    }

    /// A cluster's server.
    ///
    /// # Errors
    /// `cluster_unknown`.
    pub fn server(&self, cluster: &str) -> Result<&Server> {
        self.servers
            .get(cluster)
            .ok_or_else(|| Error::new(ErrorCode::ClusterUnknown, format!("there is no cluster {cluster}")))
    }

    /// The pool of a database.
    ///
    /// # Errors
    /// `cluster_unknown`.
    pub fn pool(&self, cluster: &str, database: &str) -> Result<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (cluster.to_owned(), database.to_owned());
        if let Some(pool) = pools.get(&key) {
            return Ok(pool.clone());
        }
        let pool = Pool::new(self.server(cluster)?, database, APPLICATION_NAME, self.connections_max)?;
        pools.insert(key, pool.clone());
        Ok(pool)
    }

    /// A connection to a database, with the platform's login.
    ///
    /// # Errors
    /// As [`Pool::get`].
    pub async fn get(&self, cluster: &str, database: &str) -> Result<Pooled> {
        self.pool(cluster, database)?.get().await
    }

    /// Every database that is connected to: cluster, database, and the pool's size.
    pub fn pool_sizes(&self) -> Vec<(String, String, PoolSize)> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools
            .iter()
            .map(|((cluster, database), pool)| (cluster.clone(), database.clone(), pool.size()))
            .collect()
    }

    /// Closes a database's idle connections, so that it can be renamed or dropped.
    pub fn forget(&self, cluster: &str, database: &str) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.remove(&(cluster.to_owned(), database.to_owned())) {
            pool.close();
        }
    }
}
