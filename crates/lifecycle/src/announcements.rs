//! What the control database announces: jobs that were queued, so that a worker need not wait for its next look.

use tenantry_domain::Result;
use tenantry_postgres::connect::connect_listening;
use tenantry_postgres::error::db_error;
use tenantry_postgres::server::Server;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::{Client, Notification};

const LISTEN: &str = include_str!("announcements/listen.sql");

/// A connection that hears of queued jobs.
pub struct Announcements {
    /// Held for the connection: the channel ends with it.
    _client: Client,
    receiver: UnboundedReceiver<Notification>,
}

impl Announcements {
    /// Listens on the control database.
    ///
    /// # Errors
    /// `server_unreachable` and the like.
    pub async fn listen(control: &Server, database: &str) -> Result<Self> {
        let (client, receiver) = connect_listening(control, database, "tenantry listener").await?;
        client.batch_execute(LISTEN).await.map_err(|e| db_error(e, "listen for queued jobs"))?;
        Ok(Self { _client: client, receiver })
    }

    /// Waits for the next job; false when the connection has ended.
    pub async fn next(&mut self) -> bool {
        if self.receiver.recv().await.is_none() {
            return false;
        }
        // Many at once wake whoever waits once.
        while self.receiver.try_recv().is_ok() {}
        true
    }
}
