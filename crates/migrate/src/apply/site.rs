//! One service on one cluster, and what migrates it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tenantry_domain::{App, Error, ErrorCode, Layout, Result, Service};
use tenantry_postgres::acting::Acting;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::pool::Pooled;
use tenantry_postgres::server::Server;
use tokio_postgres::Client;

use super::session::{Target, Who};
use crate::error::sqlstate;
use crate::rollout::history::History;

/// What these connections call themselves in `pg_stat_activity`.
pub(crate) const APPLICATION_NAME: &str = "tenantry migrate";

/// One service on one cluster.
#[derive(Clone)]
pub(crate) struct Site {
    pub app: Arc<App>,
    pub layout: Layout,
    pub clusters: Clusters,
    pub cluster: String,
    pub service: Service,
    pub history: Arc<History>,
    pub spare: Arc<Spare>,
}

/// Connections to the data database that a wave's workers leave to the next wave's: a new one costs more than a tenant.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<(Client, usize)>>);

impl Spare {
    /// One of them, and how many tenants it was used for.
    pub fn take(&self) -> Option<(Client, usize)> {
        self.all().pop()
    }

    /// Leaves one.
    pub fn put(&self, client: Client, used: usize) {
        self.all().push((client, used));
    }

    /// Closes all of them.
    pub fn close(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Client, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    /// As steps and messages name it: `main@local`.
    pub fn name(&self) -> String {
        format!("{}@{}", self.service.name, self.cluster)
    }

    /// Its server.
    pub fn server(&self) -> Result<&Server> {
        self.clusters.server(&self.cluster)
    }

    /// The name of its data database.
    pub fn data_database(&self) -> String {
        self.layout.data_database(&self.service.name)
    }

    /// A connection of its own to the data database.
    pub async fn connect_data(&self) -> Result<Client> {
        connect(self.server()?, &self.data_database(), APPLICATION_NAME).await
    }

    /// A connection to the data database for a question or two.
    pub async fn borrow_data(&self) -> Result<Pooled> {
        self.clusters.get(&self.cluster, &self.data_database()).await
    }

    /// Statements of this role in this schema.
    pub fn target(&self, words: &str, who: Who, (role, schema): (String, &str)) -> Target {
        let acting = Acting { role, schema: schema.to_owned(), lock_ms_max: self.app.limits.ddl_lock_ms_max };
        Target { words: words.to_owned(), who, acting }
    }
}

/// Whether the same may succeed a moment later: a lock not had in time, a deadlock, a conflict with somebody else.
pub(crate) fn is_contention(e: &Error) -> bool {
    matches!(sqlstate(e), Some("55P03" | "40P01" | "40001" | "TY001")) || e.code() == ErrorCode::Busy
}

/// The pause before the next try: twice as long each time, with jitter.
pub(crate) fn backoff(app: &App, tries: u32) -> Duration {
    let limits = &app.limits;
    let factor = 1_u64.checked_shl(tries.saturating_sub(1)).unwrap_or(u64::MAX);
    let pause = limits.rollout_backoff_ms.saturating_mul(factor).min(limits.rollout_backoff_ms_max);
    Duration::from_millis(pause).mul_f64(rand::rng().random_range(0.5..1.0))
}
