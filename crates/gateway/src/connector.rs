//! Connections to servers: opened when a shard asks for one, and the cancel requests that go to them.

use std::sync::Arc;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, TenantId};
use tenantry_postgres::server::Server;
use tenantry_postgres::{password, replication};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::timeout;

use crate::hearing::Wish;
use crate::hub::{Hub, lock};
use crate::pools::Whose;
use crate::session::reported::Reported;
use crate::shard::{
    CancelTarget, Channel, ClientId, Command, NewServer, Outside, Place, PoolKey, PoolSpec, ServerId,
};

mod handshake;
mod stream;

use handshake::{Opened, log_in};

/// Settings that a server begins each session with, whatever the role has set for itself: clients are told these when they
/// log in, long before they have a server.
const PINNED: [&str; 3] = ["DateStyle", "IntervalStyle", "TimeZone"];
/// SQLSTATE `invalid_password`.
const PASSWORD_WRONG: &str = "28P01";
/// SQLSTATE `cannot_connect_now`: the server starts or stops.
const NOT_NOW: &str = "57P03";
/// What server connections call themselves until a client has another name for them.
const APPLICATION_NAME: &str = "tenantry gateway";
/// Generation of the password of the app door's login.
const APP_GENERATION: i32 = 0;

/// What shards ask for.
pub enum Request {
    /// A connection.
    Open(usize, Arc<PoolSpec>),
    /// That a server stops what it runs.
    Cancel(usize, Arc<PoolSpec>, CancelTarget, ServerId),
    /// Nothing: a client has gone.
    Gone(usize, TenantId),
}

/// A shard's way to ask. Never blocks.
pub struct Asking {
    /// The shard's number.
    pub shard: usize,
    /// Where to.
    pub requests: UnboundedSender<Request>,
    /// Who listens.
    pub listeners: UnboundedSender<(usize, Wish)>,
}

impl Outside for Asking {
    fn open(&mut self, pool: &Arc<PoolSpec>) {
        // Whoever listens ends after the shards.
        let _ = self.requests.send(Request::Open(self.shard, pool.clone()));
    }

    fn cancel(&mut self, pool: &Arc<PoolSpec>, target: &CancelTarget, server: ServerId) {
        let _ = self.requests.send(Request::Cancel(self.shard, pool.clone(), target.clone(), server));
    }

    fn listen(&mut self, pool: &Arc<PoolSpec>, channel: &Channel, tenant: TenantId) {
        let _ = self.listeners.send((self.shard, Wish::Listen(channel.clone(), tenant, pool.key.clone())));
    }

    fn unlisten(&mut self, channel: &Channel) {
        let _ = self.listeners.send((self.shard, Wish::Unlisten(channel.clone())));
    }

    fn gone(&mut self, _client: ClientId, tenant: TenantId) {
        let _ = self.requests.send(Request::Gone(self.shard, tenant));
    }
}

/// Serves the shards' requests until they have all ended.
pub async fn serve(hub: Arc<Hub>, mut requests: UnboundedReceiver<Request>) {
    while let Some(request) = requests.recv().await {
        match request {
            Request::Open(shard, pool) => drop(tokio::spawn(open(hub.clone(), shard, pool))),
            Request::Cancel(shard, pool, target, server) => {
                let hub = hub.clone();
                drop(tokio::spawn(async move {
                    if let Err(e) = cancel(&hub, &pool, &target).await {
                        tracing::warn!(error = ?e, "a cancel request did not reach its server");
                    }
                    let _ = hub.order(shard, Command::CancelDone(server));
                }));
            }
            Request::Gone(shard, tenant) => hub.gone(shard, tenant),
        }
    }
}

async fn open(hub: Arc<Hub>, shard: usize, pool: Arc<PoolSpec>) {
    let command = match connect(&hub, &pool.key).await {
        Ok(opened) => {
            let Opened { link, cancel, said, .. } = opened;
            // A number of 32 bits, as SQL has none without a sign.
            let timeline = u32::try_from(said.unwrap_or_default()).unwrap_or_default();
            Command::AddServer(Box::new(NewServer { link, pool, cancel, timeline }))
        }
        Err(Failed { error, is_of_login, .. }) => {
            let replicas = hub.replicas.get(&*pool.key.cluster);
            // What a tenant has done to its own role keeps nobody else away.
            if let (Some(replica), Some(replicas)) = (pool.key.replica, replicas.filter(|_| !is_of_login)) {
                replicas.refuse(replica);
            }
            tracing::warn!(error = ?error, database = %pool.key.database, "a server connection can't be opened");
            Command::ServerFailed { pool, error: for_client(&error) }
        }
    };
    let _ = hub.order(shard, command);
}

/// What a client reads: that the server is away, not where it is.
fn for_client(error: &Error) -> Error {
    let what = match error.code() {
        ErrorCode::ConnectionsExhausted => "the tenant's server has no free connection",
        _ => "the tenant's server can't be reached",
    };
    Error::new(error.code(), what).help("try again")
}

async fn connect(hub: &Hub, key: &PoolKey) -> Result<Opened, Failed> {
    let opened = connect_any(hub, key).await?;
    let replicas = hub.replicas.get(&*key.cluster);
    let replica = key.replica.and_then(|replica| replicas?.each().get(replica));
    // What is known of a replica holds for the process that was asked, wherever its address leads to now.
    if key.replica.is_some() && replica.is_none_or(|replica| opened.said != Some(replica.started())) {
        let what = "the replica is not the one that was asked";
        return Err(Error::new(ErrorCode::ServerUnreachable, what).into());
    }
    Ok(opened)
}

async fn connect_any(hub: &Hub, key: &PoolKey) -> Result<Opened, Failed> {
    let defaults = defaults(hub, &key.cluster, &key.database).await?;
    let mut settings: Vec<(&str, &str)> =
        PINNED.iter().filter_map(|name| defaults.get(name).map(|value| (*name, value))).collect();
    if key.replica.is_some() {
        // Should it be promoted, nothing is written by this way all the same.
        settings.push(("default_transaction_read_only", "on"));
    }
    let mut refused = None;
    for generation in generations(hub, key)? {
        match as_generation(hub, key, generation, &settings).await {
            Err(e) if e.is_password => refused = Some(e),
            opened => return opened,
        }
    }
    Err(refused.unwrap_or_else(|| unknown(key).into()))
}

/// The generations of a password that may be in force: while one takes the other's place, both may be.
fn generations(hub: &Hub, key: &PoolKey) -> Result<Vec<i32>> {
    match hub.pools.whose(key).ok_or_else(|| unknown(key))? {
        Whose::App => Ok(vec![APP_GENERATION]),
        Whose::Tenant(id) => {
            let snapshot = hub.setup.directory.now();
            let now = snapshot.get(id).ok_or_else(|| unknown(key))?.generation;
            // The next one: it may have been set a moment ago, and not have been heard of.
            Ok([now, now - 1, now + 1].into_iter().filter(|generation| *generation >= 0).collect())
        }
    }
}

/// The servers, with logins and their passwords one after the other, by which a database's channels are listened on: in a data
/// database by the app door's, for all tenants; in a tenant's own by the tenant's.
///
/// # Errors
/// `internal` for a login that nobody has.
pub(crate) fn logins(hub: &Hub, place: &Place, key: &PoolKey) -> Result<Vec<Server>> {
    let app = &hub.setup.app;
    let layout = app.layout();
    let is_common = app.services.keys().any(|service| *place.database == *layout.data_database(service));
    if is_common {
        return Ok(vec![app_server(hub, &place.cluster)?]);
    }
    let server = hub.setup.clusters.server(&place.cluster)?;
    let with = |generation: &i32| {
        server.with_login(&*key.login, password::derived(&hub.setup.secret, &key.login, *generation))
    };
    Ok(generations(hub, key)?.iter().map(with).collect())
}

fn unknown(key: &PoolKey) -> Error {
    Error::new(ErrorCode::Internal, format!("nobody is known to have the login {}", key.login))
}

/// Why a log-in failed.
pub(crate) struct Failed {
    error: Error,
    /// The password was wrong: another one may be right.
    is_password: bool,
    /// The server refuses this login, and perhaps no other.
    is_of_login: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, is_password: false, is_of_login: false }
    }
}

impl Failed {
    /// What the server said.
    fn said(sqlstate: Option<&str>, message: &str) -> Self {
        let text = format!("log in to the server: {message} (SQLSTATE {})", sqlstate.unwrap_or("none"));
        let error = Error::new(ErrorCode::from_sqlstate(sqlstate), text);
        let is_of_login = sqlstate.is_some_and(|sqlstate| sqlstate != NOT_NOW);
        Self { error, is_password: sqlstate == Some(PASSWORD_WRONG), is_of_login }
    }
}

async fn as_generation(
    hub: &Hub,
    key: &PoolKey,
    generation: i32,
    settings: &[(&str, &str)],
) -> Result<Opened, Failed> {
    let password = password::derived(&hub.setup.secret, &key.login, generation);
    let server = address(hub, key)?.with_login(&*key.login, password);
    let mut parameters =
        vec![("user", &*key.login), ("database", &*key.database), ("application_name", APPLICATION_NAME)];
    parameters.push(("client_encoding", "UTF8"));
    parameters.extend_from_slice(settings);
    let question = match key.replica {
        Some(_) => Some(replication::STARTED),
        None => hub.replicas.contains_key(&*key.cluster).then_some(replication::TIMELINE),
    };
    within(hub, log_in(&server, &parameters, question)).await
}

/// The server of a pool.
fn address<'a>(hub: &'a Hub, key: &PoolKey) -> Result<&'a Server> {
    let clusters = &hub.setup.clusters;
    match key.replica {
        None => clusters.server(&key.cluster),
        Some(replica) => clusters.replicas(&key.cluster).get(replica).ok_or_else(|| {
            Error::new(ErrorCode::Internal, format!("cluster {} has no replica {replica}", key.cluster))
        }),
    }
}

/// A cluster with the app door's login, which every data database lets in. The gateway uses no login of `[clusters.NAME] url`.
///
/// # Errors
/// The cluster is not known.
pub fn app_server(hub: &Hub, cluster: &str) -> Result<Server> {
    let login = hub.setup.app.layout().app_role();
    let password = password::derived(&hub.setup.secret, &login, APP_GENERATION);
    Ok(hub.setup.clusters.server(cluster)?.with_login(login, password))
}

async fn within<T>(hub: &Hub, opening: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let limit = Duration::from_secs(hub.setup.app.limits.connect_seconds_max);
    let late = |_| Error::new(ErrorCode::ServerUnreachable, "the server does not answer in time");
    timeout(limit, opening).await.map_err(late)?
}

/// The settings that sessions of a cluster begin with: asked once, by the app door's login, which nobody outside has.
///
/// # Errors
/// Those of the server.
pub async fn defaults(hub: &Hub, cluster: &str, database: &str) -> Result<Arc<Reported>> {
    if let Some(known) = lock(&hub.defaults).get(cluster) {
        return Ok(known.clone());
    }
    let layout = hub.setup.app.layout();
    // Every data database lets the app door in; a tenant's own database does not.
    let here = |service: &&tenantry_domain::Service| {
        service.cluster.as_ref().is_none_or(|own| own.as_str() == cluster)
    };
    let service = hub.setup.app.services.values().find(here);
    let database = service.map_or_else(|| database.to_owned(), |service| layout.data_database(&service.name));
    let key = PoolKey::primary(cluster, &database, &layout.app_role());
    let opened = as_generation(hub, &key, APP_GENERATION, &[]).await.map_err(|e| e.error)?;
    let reported = Arc::new(opened.reported);
    lock(&hub.defaults).insert(cluster.to_owned(), reported.clone());
    Ok(reported)
}

async fn cancel(hub: &Hub, pool: &PoolSpec, target: &CancelTarget) -> Result<()> {
    let server = address(hub, &pool.key)?;
    within(hub, async { handshake::cancel(server, target).await.map_err(Failed::from) })
        .await
        .map_err(|e| e.error)
}
