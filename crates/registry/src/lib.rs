//! The control database: what the app has, who its tenants are, where their data lives, what was done to them.
//!
//! Static SQL stands in `.sql` files beside the module that runs it; `tests/it/statements.rs` prepares every one of
//! them against a real server.

pub mod audit;
pub mod blanks;
pub mod counts;
pub mod declared;
pub mod directory;
pub mod doors;
pub mod error;
pub mod migrations;
pub mod placements;
pub mod rollouts;
pub mod settings;
pub mod shadows;
pub mod statement;
pub mod tenants;
pub mod variations;

pub use deadpool_postgres::{GenericClient, Transaction};
use deadpool_postgres::{Object, Pool};
use tenantry_domain::{Error, ErrorCode, Result};

pub use audit::AuditEntry;
pub use blanks::Blank;
pub use directory::Directory;
pub use doors::{DoorSecret, NewSecret, SecretDoor, SecretKind};
pub use placements::Placement;
pub use rollouts::{Failure, NewFailure, VersionCount};
pub use tenants::{NewTenant, TenantRow};
pub use variations::Variation;

/// The control database behind a pool of connections.
#[derive(Clone)]
pub struct Registry {
    pool: Pool,
}

/// The size of the pool of connections to the control database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Connections at most.
    pub max: usize,
}

impl Registry {
    /// Over a pool of connections to a control database that [`migrations::up`] has prepared.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// How many connections are open and how many of them are idle.
    pub fn pool_size(&self) -> PoolSize {
        let status = self.pool.status();
        PoolSize { open: status.size, idle: status.available, max: status.max_size }
    }

    /// A connection.
    ///
    /// # Errors
    /// `connections_exhausted` when none becomes free in time, `server_unreachable` when the server is away.
    pub async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(|e| match e {
            deadpool_postgres::PoolError::Timeout(_) => {
                Error::new(ErrorCode::ConnectionsExhausted, "no free connection to the control database")
            }
            deadpool_postgres::PoolError::Backend(e) => {
                error::control_error(e, "connect to the control database")
            }
            other => {
                Error::new(ErrorCode::ServerUnreachable, "connect to the control database").because(other)
            }
        })
    }
}
