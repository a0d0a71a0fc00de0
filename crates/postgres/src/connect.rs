//! One connection to a server: TLS as asked, a time limit, notices to the log.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tenantry_domain::{Error, ErrorCode, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::{AsyncMessage, Client, Config, Notification};

use crate::error::db_error;
use crate::server::{Server, SslMode};
use crate::tls;

/// Time for one connection to be made, the login included.
pub const CONNECT_SECONDS_MAX: u64 = 10;
/// Idle time after which the kernel asks whether the server still lives.
const KEEPALIVE_IDLE_SECONDS: u64 = 30;

/// Connects to a database; the connection's task ends when the client is dropped.
///
/// `application_name` is what `pg_stat_activity` shows.
///
/// # Errors
/// [`ServerUnreachable`](tenantry_domain::ErrorCode::ServerUnreachable) when nothing answers or the login is
/// refused, [`ConnectionsExhausted`](tenantry_domain::ErrorCode::ConnectionsExhausted) when the server is full.
pub async fn connect(server: &Server, database: &str, application_name: &str) -> Result<Client> {
    let (client, _task) = open(server, database, application_name, None).await?;
    Ok(client)
}

/// Connects like [`connect`], and hands on what `NOTIFY` sends; the channel ends with the connection.
///
/// # Errors
/// As [`connect`].
pub async fn connect_listening(
    server: &Server,
    database: &str,
    application_name: &str,
) -> Result<(Client, UnboundedReceiver<Notification>)> {
    let (sender, receiver) = unbounded_channel();
    let (client, _task) = open(server, database, application_name, Some(sender)).await?;
    Ok((client, receiver))
}

/// Tries to connect, and hands on what the server answered in the driver's own terms: for those to whom a refusal is an
/// answer like any other.
///
/// # Errors
/// When the certificates to trust can't be read.
pub async fn knock(
    server: &Server,
    database: &str,
    application_name: &str,
) -> Result<Result<Client, tokio_postgres::Error>> {
    let connector = tls::connector(server)?;
    let answer = open_config(&config(server, database, application_name), connector, None).await;
    Ok(answer.map(|(client, _task)| client))
}

async fn open(
    server: &Server,
    database: &str,
    application_name: &str,
    notifications: Option<UnboundedSender<Notification>>,
) -> Result<(Client, JoinHandle<()>)> {
    let config = config(server, database, application_name);
    let doing = format!("connect to database {database} on {}:{}", server.host, server.port);
    let connector = tls::connector(server)?;
    // The login counts towards the limit too: the driver's own ends with the TCP handshake.
    let limit = Duration::from_secs(CONNECT_SECONDS_MAX);
    match tokio::time::timeout(limit, open_config(&config, connector, notifications)).await {
        Ok(connected) => connected.map_err(|e| db_error(e, &doing)),
        Err(late) => Err(Error::new(ErrorCode::ServerUnreachable, doing).because(late)),
    }
}

/// The driver's configuration for a server's database.
pub(crate) fn config(server: &Server, database: &str, application_name: &str) -> Config {
    let mut config = Config::new();
    config
        .host(&server.host)
        .port(server.port)
        .user(&server.user)
        .dbname(database)
        .application_name(application_name)
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .keepalives_idle(Duration::from_secs(KEEPALIVE_IDLE_SECONDS))
        .ssl_mode(match server.sslmode {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
        });
    if !server.password.reveal().is_empty() {
        config.password(server.password.reveal());
    }
    config
}

/// Connects and spawns the connection's task, in the driver's own terms.
pub(crate) async fn open_config(
    config: &Config,
    connector: tokio_postgres_rustls::MakeRustlsConnect,
    notifications: Option<UnboundedSender<Notification>>,
) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(connector).await?;
    let mut messages = poll_fn(move |context| connection.poll_message(context));
    let task = tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => {
                    tracing::debug!(severity = notice.severity(), "{}", notice.message());
                }
                Ok(AsyncMessage::Notification(notification)) => {
                    if let Some(sender) = &notifications {
                        // Nobody listens any more: the connection itself goes on.
                        let _ = sender.send(notification);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "connection ended");
                    break;
                }
            }
        }
    });
    Ok((client, task))
}
