//! The connections of one query over many tenants: never more than the limit, those to shared tables used again.

use std::sync::{Arc, Mutex, PoisonError};

use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_postgres::connect::connect;
use tenantry_postgres::server::Server;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Client;

/// What these connections call themselves in `pg_stat_activity`.
const APPLICATION_NAME: &str = "tenantry sql";

/// A connection that counts towards the limit as long as it is open.
pub struct Counted {
    pub client: Client,
    _permit: OwnedSemaphorePermit,
}

/// Where a connection leads: cluster and database.
pub type Target<'a> = (&'a str, &'a str);

/// The connections that wait for their next tenant, and the right to open more.
pub struct Connections {
    idle: Mutex<Vec<(String, String, Counted)>>,
    permits: Arc<Semaphore>,
}

impl Connections {
    /// At most so many at one time. No more tasks than that may ask at once: so either a permit or an idle connection
    /// is to be had whenever somebody asks.
    pub fn new(connections_max: usize) -> Self {
        Self { idle: Mutex::default(), permits: Arc::new(Semaphore::new(connections_max)) }
    }

    /// An idle connection to this database, if there is one.
    pub fn reuse(&self, target: Target<'_>) -> Option<Counted> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at =
            idle.iter().position(|(cluster, database, _)| (cluster.as_str(), database.as_str()) == target)?;
        Some(idle.swap_remove(at).2).filter(|c| !c.client.is_closed())
    }

    /// A new connection; an idle one makes room for it.
    ///
    /// # Errors
    /// As [`connect`].
    pub async fn open(&self, server: &Server, database: &str) -> Result<Counted> {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let waited = self.permits.clone().acquire_owned().await;
                waited.map_err(|e| Error::new(ErrorCode::Internal, "count a connection").because(e))?
            }
        };
        let client = connect(server, database, APPLICATION_NAME).await?;
        Ok(Counted { client, _permit: permit })
    }

    /// Keeps a connection for the next tenant of this database.
    pub fn keep(&self, target: Target<'_>, connection: Counted) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((target.0.to_owned(), target.1.to_owned(), connection));
    }
}
