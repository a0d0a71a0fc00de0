//! The app's tables in a data database, followed: read, and read again when a migration has changed them.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_postgres::{Client, Notification};

use super::shared_tables::{SharedTable, global_sequences, harmless_functions, shared_tables};
use crate::connect::connect_listening;
use crate::server::Server;

const LISTEN: &str = include_str!("listen_tables.sql");

/// How often the connection is asked whether it still lives, when nothing is announced.
const LOOK: Duration = Duration::from_secs(5);
/// Time for a server's answer, after which the connection counts as lost.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection on which changes of a data database's tables are heard.
pub struct FollowedTables {
    client: Client,
    announced: UnboundedReceiver<Notification>,
}

/// What statements are rewritten by.
#[derive(Debug)]
pub struct TablesNow {
    /// The tables.
    pub tables: Vec<SharedTable>,
    /// Sequences that belong to no tenant.
    pub sequences: Vec<String>,
    /// See [`harmless_functions`].
    pub harmless: BTreeSet<String>,
}

impl FollowedTables {
    /// Connects to a data database with any login that it lets in and that may use schema `tenantry`; changes are heard from
    /// now on.
    ///
    /// # Errors
    /// As [`connect`](crate::connect::connect); `database` where the server refused.
    pub async fn connect(server: &Server, database: &str, application_name: &str) -> Result<Self> {
        let (client, announced) = connect_listening(server, database, application_name).await?;
        let listening = in_time(client.batch_execute(LISTEN)).await?;
        listening.code(ErrorCode::Database, "listen for changes of the shared tables")?;
        Ok(Self { client, announced })
    }

    /// The tables of all changes that were heard of so far.
    ///
    /// # Errors
    /// `database` where the server refused, `connection_lost` where it does not answer.
    pub async fn read(&mut self, tenant_column: &str) -> Result<TablesNow> {
        while self.announced.try_recv().is_ok() {}
        let client = &self.client;
        let (tables, sequences, harmless) = in_time(async {
            tokio::try_join!(
                shared_tables(client, tenant_column),
                global_sequences(client),
                harmless_functions(client)
            )
        })
        .await??;
        Ok(TablesNow { tables, sequences, harmless })
    }

    /// Waits until there is something new to read.
    ///
    /// # Errors
    /// `connection_lost`: nobody would hear of it any more.
    pub async fn changed(&mut self) -> Result<()> {
        let lost = || Error::new(ErrorCode::ConnectionLost, "the connection to the data database was lost");
        loop {
            match timeout(LOOK, self.announced.recv()).await {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => return Err(lost()),
                Err(_) => in_time(self.client.check_connection()).await?.map_err(|e| lost().because(e))?,
            }
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T> {
    let silent = |_| Error::new(ErrorCode::ConnectionLost, "the data database does not answer");
    timeout(ANSWER, answer).await.map_err(silent)
}
