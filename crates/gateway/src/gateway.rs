//! The gateway as a whole: started, kept, drained.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use crate::connector::{self, Asking};
use crate::hub::{Hub, Setup};
use crate::listener;
use crate::profile::Judging;
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
        let mut inboxes = Vec::new();
        let mut threads = Vec::new();
        for shard in 0..shards(limits.gateway_shards) {
            let name = format!("shard {shard}");
            let asking = Asking { shard, requests: requests.clone() };
            let judging = Judging::new(OutlineKey::new(rand::random(), rand::random()));
            let started = start(&name, limits.clone(), Box::new(judging), |_| asking)?;
            inboxes.push(started.inbox);
            threads.push(started.thread);
        }
        let (wanted, wants) = unbounded_channel();
        let hub = Arc::new(Hub::new(setup, usual, inboxes, Places::new(wanted)));
        let mut tasks = JoinSet::new();
        tasks.spawn(connector::serve(hub.clone(), asked));
        tasks.spawn(listener::serve(hub.clone(), listener));
        tasks.spawn(watch::serve(hub.clone()));
        tasks.spawn(rules::serve(hub.clone(), wants));
        Ok(Self { hub, tasks, threads })
    }

    /// Accepts nobody any more, lets transactions end, and stops. Clients that take longer than the limit are cut off.
    pub async fn stop(mut self) {
        // The listener first: nobody comes in behind the order to drain. Connections to servers are still opened for those
        // who wait.
        self.hub.close();
        self.hub.order_all(|| Command::Drain);
        let seconds = self.hub.setup.app.limits.gateway_drain_seconds_max;
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
        if tokio::time::timeout(Duration::from_secs(seconds), joined).await.is_err() {
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
