//! The gateway as a whole: started, kept, drained.

use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::certificate;
use crate::connector::{self, Asking};
use crate::handover::Offer;
use crate::hearing;
use crate::hub::{Hub, Setup};
use crate::listener;
use crate::metrics::Metrics;
use crate::profile::Judging;
use crate::reads;
use crate::rules::{self, Places};
use crate::shard::Command;
use crate::shard::run::start;
use crate::sql::mask::OutlineKey;
use crate::watch;

/// Shards at most where the configuration names no number: one is enough for tens of thousands of transactions a second.
const SHARDS_MAX: usize = 8;

/// A gateway that was started.
pub struct Gateway {
    hub: Arc<Hub>,
    /// The listening socket, to be handed to another process.
    socket: Option<OwnedFd>,
    offer: Option<Offer>,
    tasks: JoinSet<()>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
}

/// Opens the gateway's address.
///
/// # Errors
/// `listen_failed`.
pub async fn bind(address: &str) -> Result<(TcpListener, SocketAddr)> {
    let failed = || format!("the gateway can't listen on {address}");
    let help = "choose another address with --gateway; port 0 takes a free one";
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| Error::new(ErrorCode::ListenFailed, failed()).because(e).help(help))?;
    let address = listener.local_addr().code(ErrorCode::ListenFailed, failed())?;
    Ok((listener, address))
}

impl Gateway {
    /// Starts the shards and serves whoever connects.
    ///
    /// # Errors
    /// `io` where the system has no more threads; `config_invalid` for an app without a service.
    pub fn start(setup: Setup, listener: TcpListener) -> Result<Self> {
        let limits = setup.app.limits.clone();
        let usual = setup.app.services.keys().next().cloned().ok_or_else(|| {
            Error::new(ErrorCode::ConfigInvalid, "the app has no service for the gateway to serve")
        })?;
        let (requests, asked) = unbounded_channel();
        let (listeners, heard) = unbounded_channel();
        let mut inboxes = Vec::new();
        let mut threads = Vec::new();
        for shard in 0..shards(limits.gateway_shards) {
            let name = format!("shard {shard}");
            let asking = Asking { shard, requests: requests.clone(), listeners: listeners.clone() };
            let judging = Judging::new(OutlineKey::new(rand::random(), rand::random()));
            let started = start(&name, limits.clone(), Box::new(judging), |_| asking)?;
            inboxes.push(started.inbox);
            threads.push(started.thread);
        }
        let socket =
            listener.as_fd().try_clone_to_owned().code(ErrorCode::Io, "keep the listening socket")?;
        let files = setup.app.gateway.tls.clone().filter(|_| setup.certificate.is_some());
        let (wanted, wants) = unbounded_channel();
        let hub = Arc::new(Hub::new(setup, usual, inboxes, Places::new(wanted)));
        let mut tasks = JoinSet::new();
        if let Some(files) = files {
            tasks.spawn(certificate::keep(hub.clone(), files));
        }
        tasks.spawn(connector::serve(hub.clone(), asked));
        tasks.spawn(listener::serve(hub.clone(), listener));
        tasks.spawn(watch::serve(hub.clone()));
        tasks.spawn(rules::serve(hub.clone(), wants));
        tasks.spawn(reads::serve(hub.clone()));
        tasks.spawn(hearing::serve(hub.clone(), heard));
        Ok(Self { hub, socket: Some(socket), offer: None, tasks, threads })
    }

    /// What Prometheus reads.
    pub fn metrics(&self) -> Metrics {
        Metrics(self.hub.clone())
    }

    /// Lets another process of this user take over by the socket of this path ([`crate::handover::take`]).
    ///
    /// # Errors
    /// `io`.
    pub fn offer(&mut self, path: &Path) -> Result<()> {
        if let Some(socket) = &self.socket {
            let socket = socket.try_clone().code(ErrorCode::Io, "keep the listening socket")?;
            self.offer = Some(Offer::make(path, socket)?);
        }
        Ok(())
    }

    /// Whether another process accepts connections in its place.
    pub fn is_succeeded(&self) -> bool {
        self.offer.as_ref().is_some_and(Offer::is_taken)
    }

    /// Accepts nobody any more, lets transactions end, and stops. Clients that take longer than the limit are cut off.
    pub async fn stop(mut self) {
        // The listener first: nobody comes in behind the order to drain. Connections to servers are still opened for those
        // who wait.
        self.hub.close();
        let is_succeeded = self.is_succeeded();
        drop((self.socket.take(), self.offer.take()));
        let seconds = self.hub.setup.app.limits.gateway_drain_seconds_max;
        self.hub.logged_in().await;
        if is_succeeded {
            // Whoever comes, comes to the other one; who is here may leave when it wants.
            let left = timeout(Duration::from_secs(seconds), self.hub.left()).await;
            if left.is_err() {
                tracing::info!("clients that have stayed are sent to the other gateway");
            }
        }
        self.hub.order_all(|| Command::Drain);
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                match thread.join() {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "a shard has failed"),
                    Err(_) => tracing::error!("a shard has panicked"),
                }
            }
        });
        if timeout(Duration::from_secs(seconds), joined).await.is_err() {
            tracing::warn!("clients were cut off whose transactions took more than {seconds} seconds to end");
        }
        self.tasks.shutdown().await;
    }
}

fn shards(configured: usize) -> usize {
    if configured > 0 {
        return configured;
    }
    std::thread::available_parallelism().map_or(1, usize::from).min(SHARDS_MAX)
}
