//! The app's clusters: one server each, and the pools of its databases, opened when first asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tenantry_domain::{App, ClusterName, Error, ErrorCode, Result};

use crate::pool::{Pool, PoolSize, Pooled};
use crate::server::Server;

/// What these connections call themselves in `pg_stat_activity`.
const APPLICATION_NAME: &str = "tenantry";

/// The app's servers with the platform's login.
#[derive(Clone)]
pub struct Clusters {
    servers: Arc<BTreeMap<String, Server>>,
    replicas: Arc<BTreeMap<String, Vec<Server>>>,
    pools: Arc<Mutex<HashMap<(String, String), Pool>>>,
    connections_max: usize,
}

impl Clusters {
    /// These servers by cluster, with at most so many connections to each database.
    pub fn new(servers: BTreeMap<ClusterName, Server>, connections_per_database_max: usize) -> Self {
        let servers = servers.into_iter().map(|(name, server)| (name.as_str().to_owned(), server)).collect();
        Self {
            servers: Arc::new(servers),
            replicas: Arc::default(),
            pools: Arc::default(),
            connections_max: connections_per_database_max,
        }
    }

    /// With these replicas of each cluster.
    #[must_use]
    pub fn with_replicas(self, replicas: BTreeMap<ClusterName, Vec<Server>>) -> Self {
        let replicas = replicas.into_iter().map(|(name, servers)| (name.as_str().to_owned(), servers));
        Self { replicas: Arc::new(replicas.collect()), ..self }
    }

    /// With the replicas that the app names.
    ///
    /// # Errors
    /// `config_invalid`.
    pub fn with_replicas_of(self, app: &App) -> Result<Self> {
        let mut replicas = BTreeMap::new();
        for (name, cluster) in &app.clusters {
            let servers = cluster.replicas.iter().map(|url| url.reveal().parse());
            replicas.insert(name.clone(), servers.collect::<Result<_>>()?);
        }
        Ok(self.with_replicas(replicas))
    }

    /// A cluster's replicas.
    pub fn replicas(&self, cluster: &str) -> &[Server] {
        self.replicas.get(cluster).map_or(&[], Vec::as_slice)
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
