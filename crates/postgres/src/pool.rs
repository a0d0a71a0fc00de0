//! Connections kept for reuse: one pool per server and database, with a size that is never exceeded.

use std::time::Duration;

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Object, PoolError, QueueMode, RecyclingMethod, Runtime, TimeoutType,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connect::{CONNECT_SECONDS_MAX, config, open_config};
use crate::error::db_error;
use crate::server::Server;
use crate::tls;

/// Time that a caller waits for a free connection.
pub const WAIT_SECONDS_MAX: u64 = 30;

/// A connection borrowed from a [`Pool`]; it returns there when dropped.
pub type Pooled = Object;

/// The size of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Connections at most.
    pub max: usize,
}

/// Connections to one database of one server.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool_postgres::Pool,
    doing: String,
}

impl Pool {
    /// A pool of at most `connections_max`; nothing is connected before it is asked for.
    ///
    /// # Errors
    /// When the certificates to trust can't be read.
    pub fn new(
        server: &Server,
        database: &str,
        application_name: &str,
        connections_max: usize,
    ) -> Result<Self> {
        let manager = Manager::from_connect(
            config(server, database, application_name),
            Connector(tls::connector(server)?),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let inner = deadpool_postgres::Pool::builder(manager)
            .max_size(connections_max)
            // The last used first: its caches are warm.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(WAIT_SECONDS_MAX)))
            .create_timeout(Some(Duration::from_secs(CONNECT_SECONDS_MAX)))
            .build()
            .code(ErrorCode::Internal, "set up the pool of connections")?;
        let doing = format!("connect to database {database} on {}:{}", server.host, server.port);
        Ok(Self { inner, doing })
    }

    /// Borrows a connection.
    ///
    /// # Errors
    /// [`ErrorCode::ConnectionsExhausted`] when none became free in time, else as
    /// [`connect`](crate::connect::connect).
    pub async fn get(&self) -> Result<Pooled> {
        self.inner.get().await.map_err(|e| match e {
            PoolError::Backend(e) => db_error(e, &self.doing),
            PoolError::Timeout(TimeoutType::Wait) => {
                Error::new(ErrorCode::ConnectionsExhausted, self.doing.clone()).because(e)
            }
            PoolError::Timeout(_) => Error::new(ErrorCode::ServerUnreachable, self.doing.clone()).because(e),
            e => Error::new(ErrorCode::Internal, self.doing.clone()).because(e),
        })
    }

    /// How many connections are open now.
    pub fn size(&self) -> PoolSize {
        let status = self.inner.status();
        PoolSize { open: status.size, idle: status.available, max: status.max_size }
    }

    /// The driver's own pool, for crates that stand beside this one.
    pub fn driver(&self) -> deadpool_postgres::Pool {
        self.inner.clone()
    }

    /// Closes every idle connection now, and each borrowed one when it returns.
    pub fn close(&self) {
        self.inner.close();
    }
}

/// Connects for the pool as [`connect`](crate::connect::connect) does.
struct Connector(MakeRustlsConnect);

impl Connect for Connector {
    fn connect(
        &self,
        pg_config: &Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        let (config, tls) = (pg_config.clone(), self.0.clone());
        async move { open_config(&config, tls, None).await }.boxed()
    }
}
