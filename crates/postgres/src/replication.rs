//! How far replicas are behind their primary: the questions to either, and a connection to ask them on.

use tenantry_domain::Result;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::{Client, Notification, Statement};

use crate::connect::connect_listening;
use crate::error::db_error;
use crate::server::Server;

const PRIMARY: &str = include_str!("replication/primary.sql");
const REPLICA: &str = include_str!("replication/replica.sql");
const RECEIVER: &str = include_str!("replication/receiver.sql");

/// The timeline that a server writes, for any login; 0 on a replica.
pub const TIMELINE: &str = include_str!("replication/timeline.sql");
/// When a replica was started ([`ReplicaAt::started`]), for any login; 0 on a primary.
pub const STARTED: &str = include_str!("replication/started.sql");

/// Where a server can be asked whose URL names no database.
const MAINTENANCE: &str = "postgres";

/// How far a primary's write-ahead log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimaryAt {
    /// Bytes since its beginning. Whatever was committed before the question ends here or before.
    pub position: u64,
    /// The timeline: another one after each fail-over.
    pub timeline: u32,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaAt {
    /// False: it was promoted, or never was one.
    pub is_replica: bool,
    /// When the server was started, in microseconds: tells it from others, and from itself before a restart.
    pub started: u64,
    /// Whatever ends here or before was replayed and can be read.
    pub position: u64,
    /// The timeline whose history that position belongs to; none while it receives nothing, or where the login may not
    /// know (`pg_read_all_stats`).
    pub timeline: Option<u32>,
}

/// A connection to ask one server on.
pub struct Asked {
    client: Client,
    heard: UnboundedReceiver<Notification>,
    statements: [Statement; 3],
}

impl Asked {
    /// Connects.
    ///
    /// # Errors
    /// As [`connect`](crate::connect::connect).
    pub async fn connect(server: &Server, application_name: &str) -> Result<Self> {
        let database = server.database.as_deref().unwrap_or(MAINTENANCE);
        let (client, heard) = connect_listening(server, database, application_name).await?;
        let prepare = async |sql| {
            client.prepare(sql).await.map_err(|e| db_error(e, "prepare a question about replication"))
        };
        let statements = [prepare(PRIMARY).await?, prepare(REPLICA).await?, prepare(RECEIVER).await?];
        Ok(Self { client, heard, statements })
    }

    /// How far this primary is; none: it is a replica.
    ///
    /// # Errors
    /// As [`db_error`].
    pub async fn primary(&self) -> Result<Option<PrimaryAt>> {
        let row = self.client.query_one(&self.statements[0], &[]).await;
        let row = row.map_err(|e| db_error(e, "ask how far a primary is"))?;
        let (position, timeline): (Option<i64>, Option<i32>) = (row.get(0), row.get(1));
        let at = position.zip(timeline);
        Ok(at.map(|(position, timeline)| PrimaryAt {
            position: position.unsigned_abs(),
            timeline: timeline.unsigned_abs(),
        }))
    }

    /// How far this replica is.
    ///
    /// # Errors
    /// As [`db_error`].
    pub async fn replica(&self) -> Result<ReplicaAt> {
        let failed = |e| db_error(e, "ask how far a replica is");
        let row = self.client.query_one(&self.statements[1], &[]).await.map_err(failed)?;
        let received = self.client.query_one(&self.statements[2], &[]).await.map_err(failed)?;
        let (started, position): (i64, i64) = (row.get(1), row.get(2));
        Ok(ReplicaAt {
            is_replica: row.get(0),
            started: started.unsigned_abs(),
            position: position.unsigned_abs(),
            timeline: received.get::<_, Option<i32>>(0).map(i32::unsigned_abs),
        })
    }

    /// Waits until the connection has ended.
    pub async fn closed(&mut self) {
        while self.heard.recv().await.is_some() {}
    }
}
