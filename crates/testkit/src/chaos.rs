//! A TCP proxy that cuts, stalls and truncates connections, for tests of failure.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenantry_postgres::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes still let through; `u64::MAX` means no bound.
const UNBOUNDED: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Nothing moves while this is set; connections stay open.
    is_stalled: bool,
    /// New connections are closed at once.
    is_refusing: bool,
    /// Connections made under an earlier number are cut, if [`State::every`] hits them.
    generation: u64,
    /// Which of them: those whose number leaves the second number when divided by the first.
    every: (u64, u64),
}

/// Stands between a client and a server on the loopback address.
pub struct ChaosProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    budget: Arc<AtomicU64>,
    listener: JoinHandle<()>,
}

impl ChaosProxy {
    /// A proxy to this address on a free port.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port for the proxy");
        let address = listener.local_addr().expect("the proxy's address");
        let (state, _) =
            watch::channel(State { is_stalled: false, is_refusing: false, generation: 0, every: (1, 0) });
        let budget = Arc::new(AtomicU64::new(UNBOUNDED));
        let (watched, bytes) = (state.clone(), budget.clone());
        let listener = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((client, _)) = listener.accept().await {
                number += 1;
                if watched.borrow().is_refusing {
                    continue;
                }
                let (state, bytes) = (watched.subscribe(), bytes.clone());
                tokio::spawn(relay(client, upstream, number, state, bytes));
            }
        });
        Self { address, state, budget, listener }
    }

    /// A proxy before a server on this machine, and the server as seen through it.
    pub async fn before(server: &Server) -> (Self, Server) {
        let proxy = Self::start(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port))).await;
        let through = Server { port: proxy.address.port(), ..server.clone() };
        (proxy, through)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection; new ones work.
    pub fn cut(&self) {
        self.cut_some(1, 0);
    }

    /// Cuts those connections whose number (they are numbered as they come) leaves `rest` when divided by `every`.
    pub fn cut_some(&self, every: u64, rest: u64) {
        let every = (every.max(1), rest % every.max(1));
        self.state.send_modify(|s| (s.generation, s.every) = (s.generation + 1, every));
    }

    /// From now on new connections are closed at once; those that are open work on.
    pub fn refuse(&self) {
        self.state.send_modify(|s| s.is_refusing = true);
    }

    /// From now on nothing moves, and nobody is told.
    pub fn stall(&self) {
        self.state.send_modify(|s| s.is_stalled = true);
    }

    /// Lets this many more bytes of the server through, over all connections, then cuts: in the middle of a
    /// message, most likely.
    pub fn truncate_after(&self, bytes: u64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        self.budget.store(UNBOUNDED, Ordering::SeqCst);
        self.state.send_modify(|s| (s.is_stalled, s.is_refusing) = (false, false));
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.listener.abort();
        self.cut();
    }
}

async fn relay(
    client: TcpStream,
    upstream: SocketAddr,
    number: u64,
    mut state: watch::Receiver<State>,
    budget: Arc<AtomicU64>,
) {
    let mut generation = state.borrow().generation;
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let up = pump(client_read, server_write, state.clone(), None);
    let down = pump(server_read, client_write, state.clone(), Some(budget));
    // Whichever ends first ends the whole; the halves are dropped and both sides see the connection close.
    tokio::select! {
        () = up => {}
        () = down => {}
        () = cut_off(&mut state, number, &mut generation) => {}
    }
}

/// Ends when this connection is to be cut.
async fn cut_off(state: &mut watch::Receiver<State>, number: u64, generation: &mut u64) {
    loop {
        // An error means that the proxy is gone.
        let Ok(now) = state.wait_for(|s| s.generation != *generation).await.map(|s| *s) else { return };
        *generation = now.generation;
        if number % now.every.0 == now.every.1 {
            return;
        }
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    budget: Option<Arc<AtomicU64>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if state.wait_for(|s| !s.is_stalled).await.is_err() {
            return;
        }
        let allowed = budget.as_deref().map_or(read, |budget| take(budget, read));
        if to.write_all(&buffer[..allowed]).await.is_err() || allowed < read {
            return;
        }
    }
}

/// Takes up to `wanted` bytes from what may still pass.
fn take(budget: &AtomicU64, wanted: usize) -> usize {
    let left = |left: u64| match left {
        UNBOUNDED => UNBOUNDED,
        left => left.saturating_sub(wanted as u64),
    };
    let before = budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |b| Some(left(b))).unwrap_or(0);
    usize::try_from(before).unwrap_or(usize::MAX).min(wanted)
}
