//! A connection that listens on channels: many of them, which come and go while it lives.

use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_postgres::{Client, Notification};

use crate::connect::connect_listening;
use crate::ident::quote_ident;
use crate::server::Server;

/// How often the connection is asked whether it still lives, when nothing is heard.
const LOOK: Duration = Duration::from_secs(5);
/// Time for a server's answer, after which the connection counts as lost.
const ANSWER: Duration = Duration::from_secs(10);
/// Channels that are named in one message.
const CHANNELS_AT_ONCE: usize = 500;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The server process that has sent it.
    pub process: i32,
    /// The channel.
    pub channel: String,
    /// What was sent with it.
    pub payload: String,
}

/// See the module.
pub struct Hearing {
    client: Client,
    heard: UnboundedReceiver<Notification>,
}

impl Hearing {
    /// Connects, and listens on nothing yet.
    ///
    /// # Errors
    /// As [`connect`](crate::connect::connect).
    pub async fn connect(server: &Server, database: &str, application_name: &str) -> Result<Self> {
        let (client, heard) = connect_listening(server, database, application_name).await?;
        Ok(Self { client, heard })
    }

    /// Listens on these channels too. What is sent to them from now on is heard.
    ///
    /// # Errors
    /// `database` where the server refused, `connection_lost` where it does not answer.
    pub async fn listen<'a>(&self, channels: impl IntoIterator<Item = &'a str>) -> Result<()> {
        self.run("LISTEN", channels).await
    }

    /// Listens on these channels no more.
    ///
    /// # Errors
    /// As [`Hearing::listen`].
    pub async fn unlisten<'a>(&self, channels: impl IntoIterator<Item = &'a str>) -> Result<()> {
        self.run("UNLISTEN", channels).await
    }

    async fn run<'a>(&self, command: &str, channels: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let statements: Vec<String> =
            channels.into_iter().map(|channel| format!("{command} {};", quote_ident(channel))).collect();
        for some in statements.chunks(CHANNELS_AT_ONCE) {
            let done = in_time(self.client.batch_execute(&some.concat())).await?;
            done.code(ErrorCode::Database, "listen on channels")?;
        }
        Ok(())
    }

    /// What is heard next.
    ///
    /// # Errors
    /// `connection_lost`: nothing will be heard any more.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            match timeout(LOOK, self.heard.recv()).await {
                Ok(Some(heard)) => {
                    return Ok(Heard {
                        process: heard.process_id(),
                        channel: heard.channel().to_owned(),
                        payload: heard.payload().to_owned(),
                    });
                }
                Ok(None) => return Err(lost()),
                Err(_) => in_time(self.client.check_connection()).await?.map_err(|e| lost().because(e))?,
            }
        }
    }
}

fn lost() -> Error {
    Error::new(ErrorCode::ConnectionLost, "the connection that listens was lost")
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T> {
    let silent = |_| Error::new(ErrorCode::ConnectionLost, "the server does not answer");
    timeout(ANSWER, answer).await.map_err(silent)
}
