//! What all parts of the gateway's rim share: the directory, the servers, the shards, and who is connected.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tenantry_domain::{App, Error, ErrorCode, Result, ServiceName, TenantId};
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::Directory;
use tenantry_registry::directory::Entry;
use tokio::sync::{Semaphore, watch};

use tokio::time::{sleep, timeout};

use crate::cancel::{Derived, Guesses};
use crate::certificate::Certificate;
use crate::plan;
use crate::pools::Pools;
use crate::profile::Profiles;
use crate::reads::Replicas;
use crate::route::Served;
use crate::rules::Places;
use crate::session::reported::Reported;
use crate::shard::run::Inbox;
use crate::shard::{Command, Stats};
use crate::socket::Socket;

/// Time that shards have to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Time between two looks whether somebody is left.
const LEFT_AGAIN: Duration = Duration::from_millis(50);

/// What the gateway is made of.
pub struct Setup {
    /// The app.
    pub app: Arc<App>,
    /// Its tenants.
    pub directory: Directory,
    /// Its servers.
    pub clusters: Clusters,
    /// The installation's secret, from which passwords of logins and salts of doors are derived.
    pub secret: Vec<u8>,
    /// TLS towards clients, if it is offered; renewed when its files change.
    pub certificate: Option<Certificate>,
}

/// See the module.
pub struct Hub {
    /// What the gateway was set up with.
    pub setup: Setup,
    /// Services and host names.
    pub served: Served,
    /// The replicas of each cluster that has some.
    pub replicas: HashMap<String, Arc<Replicas>>,
    /// Pools that were asked for.
    pub pools: Pools,
    /// Who clients are to the rules for statements.
    pub profiles: Profiles,
    /// Where those rules come from.
    pub places: Places,
    /// Settings of sessions as each cluster's servers begin them.
    pub defaults: Mutex<HashMap<String, Arc<Reported>>>,
    /// Room for clients that log in.
    pub logins: Arc<Semaphore>,
    /// Keys for cancel requests.
    pub keys: Derived,
    guesses: Mutex<Guesses>,
    shards: Vec<Inbox<Socket>>,
    loads: Vec<AtomicUsize>,
    clients: Mutex<HashMap<TenantId, usize>>,
    certificate: Mutex<Option<Certificate>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    processes: AtomicU32,
    is_closed: watch::Sender<bool>,
    started: Instant,
}

/// Locks; what is kept under these locks is whole after every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Over shards that were started. `usual` is the service of clients that name no database.
    pub fn new(setup: Setup, usual: ServiceName, shards: Vec<Inbox<Socket>>, places: Places) -> Self {
        let app = setup.app.clone();
        let limits = &app.limits;
        Self {
            served: Served {
                services: app.services.keys().cloned().collect(),
                usual,
                domain: app.gateway.domain.clone(),
                hosts: app.gateway.domain.iter().cloned().collect(),
            },
            replicas: replicas(&setup.clusters),
            pools: Pools::new(limits.gateway_connections_per_cluster_max, shards.len()),
            profiles: Profiles::default(),
            places,
            defaults: Mutex::default(),
            logins: Arc::new(Semaphore::new(limits.gateway_logins_max.max(1))),
            keys: Derived::new(rand::random()),
            guesses: Mutex::new(Guesses::new(limits.gateway_wrong_cancels_per_second_max)),
            loads: shards.iter().map(|_| AtomicUsize::new(0)).collect(),
            shards,
            clients: Mutex::default(),
            certificate: Mutex::new(setup.certificate.clone()),
            refused: Mutex::default(),
            processes: AtomicU32::new(1),
            is_closed: watch::Sender::new(false),
            started: Instant::now(),
            setup,
        }
    }

    /// A number for a client that no other of this process has.
    pub fn next_process(&self) -> u32 {
        // Positive for those who take it for signed.
        self.processes.fetch_add(1, Relaxed) & 0x7fff_ffff
    }

    /// Counts a client of a tenant in, if there is room for it.
    ///
    /// # Errors
    /// `connections_exhausted`.
    pub fn admit(&self, entry: &Entry) -> Result<()> {
        let limits = &self.setup.app.limits;
        let mut clients = lock(&self.clients);
        let all: usize = self.loads.iter().map(|load| load.load(Relaxed)).sum();
        if all >= limits.gateway_clients_max {
            return Err(too_many(
                "clients of this gateway",
                "gateway_clients_max",
                limits.gateway_clients_max,
            ));
        }
        let (max, limit) = plan::clients_max(&self.setup.app, entry);
        let of_tenant = clients.get(&entry.id).copied().unwrap_or_default();
        if of_tenant >= max {
            return Err(too_many("clients of this tenant", limit, max));
        }
        clients.insert(entry.id, of_tenant + 1);
        Ok(())
    }

    /// Counts out a client that was admitted and never handed over.
    pub fn dismiss(&self, tenant: TenantId) {
        let mut clients = lock(&self.clients);
        if let Some(count) = clients.get_mut(&tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                clients.remove(&tenant);
            }
        }
    }

    /// A shard's client has gone.
    pub fn gone(&self, shard: usize, tenant: TenantId) {
        let _ = self.loads[shard].fetch_update(Relaxed, Relaxed, |load| load.checked_sub(1));
        self.dismiss(tenant);
    }

    /// Tenants with clients, and how many they have.
    pub fn clients(&self) -> Vec<(TenantId, usize)> {
        lock(&self.clients).iter().map(|(id, count)| (*id, *count)).collect()
    }

    /// The shard for a client: the one with the fewest, or always the same one for a tenant that may have fewer server
    /// connections than there are shards.
    pub fn choose_shard(&self, tenant: TenantId, is_pinned: bool) -> usize {
        let shard = if is_pinned {
            (tenant.uuid().as_u128() % self.shards.len().max(1) as u128) as usize
        } else {
            let loads = self.loads.iter().enumerate();
            loads.min_by_key(|(_, load)| load.load(Relaxed)).map_or(0, |(at, _)| at)
        };
        self.loads[shard].fetch_add(1, Relaxed);
        shard
    }

    /// Orders something of a shard.
    ///
    /// # Errors
    /// `shutting_down`.
    pub fn order(&self, shard: usize, command: Command<Socket>) -> Result<()> {
        self.shards[shard].send(command)
    }

    /// Orders the same of all shards; those that have ended need no orders.
    pub fn order_all(&self, command: impl Fn() -> Command<Socket>) {
        for shard in &self.shards {
            let _ = shard.send(command());
        }
    }

    /// The certificate as it is now, if TLS is offered.
    pub fn certificate(&self) -> Option<Certificate> {
        lock(&self.certificate).clone()
    }

    /// Another certificate from now on.
    pub fn renew(&self, certificate: Certificate) {
        *lock(&self.certificate) = Some(certificate);
    }

    /// Counts a connection that was refused or ended with this error.
    pub fn count_refusal(&self, code: ErrorCode) {
        *lock(&self.refused).entry(code.as_str()).or_default() += 1;
    }

    /// How often connections were refused or ended, by error.
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.refused).clone()
    }

    /// How each shard is; those that do not answer in time are left out.
    ///
    /// # Errors
    /// `internal`.
    pub async fn stats(&self) -> Result<Vec<Stats>> {
        let (sender, receiver) = channel();
        let shards = self.shards();
        self.order_all(|| Command::Stats(sender.clone()));
        drop(sender);
        let collect =
            move || (0..shards).map_while(|_| receiver.recv_timeout(ANSWER).ok()).collect::<Vec<_>>();
        tokio::task::spawn_blocking(collect)
            .await
            .map_err(|e| Error::new(ErrorCode::Internal, "ask the shards").because(e))
    }

    /// Nobody is let in any more.
    pub fn close(&self) {
        self.is_closed.send_replace(true);
    }

    /// Waits until nobody is let in any more.
    pub async fn closed(&self) {
        // An error would mean that the hub is gone, which is being used.
        let _ = self.is_closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Waits until nobody logs in any more, for as long as a log-in may take. To be called when nobody is accepted.
    pub async fn logged_in(&self) {
        let all = self.setup.app.limits.gateway_logins_max.max(1);
        let idle = self.logins.acquire_many(u32::try_from(all).unwrap_or(u32::MAX));
        // Late or not, what remains is ended with the rest.
        let _ = timeout(self.login_time(), idle).await;
    }

    /// Waits until every client has left.
    pub async fn left(&self) {
        while !lock(&self.clients).is_empty() {
            sleep(LEFT_AGAIN).await;
        }
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Passes a cancel request on to whichever shard has the client. Nobody is told whether there was one.
    pub fn cancel(&self, from: IpAddr, process: u32, secret: &[u8]) {
        let now = self.started.elapsed();
        if !lock(&self.guesses).admits(from, now) {
            return;
        }
        if self.keys.is_genuine(process, secret) {
            self.order_all(|| Command::Cancel { secret: process.into() });
        } else {
            lock(&self.guesses).wrong(from, now);
        }
    }

    /// Time that a client may take to log in.
    pub fn login_time(&self) -> Duration {
        Duration::from_secs(self.setup.app.limits.gateway_login_seconds_max)
    }
}

fn replicas(clusters: &Clusters) -> HashMap<String, Arc<Replicas>> {
    let of = |cluster: &str| {
        let names =
            clusters.replicas(cluster).iter().map(|server| format!("{}:{}", server.host, server.port));
        (cluster.to_owned(), Arc::new(Replicas::new(names)))
    };
    clusters.names().map(of).filter(|(_, replicas)| !replicas.each().is_empty()).collect()
}

fn too_many(what: &str, limit: &str, max: usize) -> Error {
    Error::new(ErrorCode::ConnectionsExhausted, format!("sorry, too many {what}: {limit} is {max}"))
}
