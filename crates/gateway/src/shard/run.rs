//! The thread of a shard: sockets, events, inbox, clock.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Poll, Token, Waker};
use tenantry_domain::{Error, ErrorCode, Limits, Result, ResultExt};

use super::clock::Millis;
use super::command::{Command, Outside};
use super::decide::Decide;
use super::link::Link;
use super::relay::{Added, Event, Relay};

/// The inbox's events.
const INBOX: Token = Token(usize::MAX);
/// Events that are taken from the kernel at once.
const EVENTS_MAX: usize = 1_024;
/// How often time-outs are looked at while there are some to come.
const TICK_BUSY: Duration = Duration::from_millis(100);
/// How often otherwise.
const TICK_IDLE: Duration = Duration::from_secs(1);

/// The rim's end of a shard. Any number of copies may be used from any thread.
pub struct Inbox<L> {
    commands: Sender<Command<L>>,
    waker: Arc<Waker>,
}

impl<L> Clone for Inbox<L> {
    fn clone(&self) -> Self {
        Self { commands: self.commands.clone(), waker: self.waker.clone() }
    }
}

impl<L> Inbox<L> {
    /// Orders something; it is done soon.
    ///
    /// # Errors
    /// [`ErrorCode::ShuttingDown`]: the shard has ended.
    pub fn send(&self, command: Command<L>) -> Result<()> {
        let ended = || Error::new(ErrorCode::ShuttingDown, "the gateway is shutting down");
        self.commands.send(command).map_err(|_| ended())?;
        self.waker.wake().code(ErrorCode::Io, "wake up a shard")
    }
}

/// A shard that was started.
pub struct Shard<L> {
    /// Where its orders go.
    pub inbox: Inbox<L>,
    /// Ends when the shard was drained.
    pub thread: JoinHandle<io::Result<()>>,
}

/// Starts a shard. `outside` is made with the shard's own inbox, into which answers go.
///
/// # Errors
/// [`ErrorCode::Io`] where the system has no more threads or event queues.
pub fn start<L, O>(
    name: &str,
    limits: Limits,
    decide: Box<dyn Decide>,
    outside: impl FnOnce(Inbox<L>) -> O,
) -> Result<Shard<L>>
where
    L: Link + Source + Send + 'static,
    O: Outside + Send + 'static,
{
    let poll = Poll::new().code(ErrorCode::Io, "open an event queue")?;
    let waker = Waker::new(poll.registry(), INBOX).code(ErrorCode::Io, "open an event queue")?;
    let (commands, orders) = channel();
    let inbox = Inbox { commands, waker: Arc::new(waker) };
    let relay = Relay::new(limits, decide, outside(inbox.clone()));
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || work(poll, &orders, relay))
        .code(ErrorCode::Io, "start a shard's thread")?;
    Ok(Shard { inbox, thread })
}

fn work<L: Link + Source, O: Outside>(
    mut poll: Poll,
    orders: &Receiver<Command<L>>,
    mut relay: Relay<L, O>,
) -> io::Result<()> {
    let started = Instant::now();
    let mut events = Events::with_capacity(EVENTS_MAX);
    let mut ticked = Duration::ZERO;
    loop {
        let tick = if relay.is_busy() { TICK_BUSY } else { TICK_IDLE };
        let wait = if relay.is_eager() { Duration::ZERO } else { tick };
        match poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let now = started.elapsed();
        relay.set_time(Millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)));
        for event in &events {
            if event.token() == INBOX {
                obey(&poll, orders, &mut relay);
                continue;
            }
            let happened = Event {
                is_readable: event.is_readable(),
                is_writable: event.is_writable(),
                is_hung_up: event.is_read_closed() || event.is_error(),
            };
            let Token(place) = event.token();
            // Clients have the even tokens.
            let slot = (place / 2) as u32;
            if place % 2 == 0 {
                relay.client_event(slot, happened);
            } else {
                relay.server_event(slot, happened);
            }
        }
        relay.turn();
        if now.saturating_sub(ticked) >= tick {
            ticked = now;
            relay.tick();
        }
        if relay.is_drained() {
            return Ok(());
        }
    }
}

fn obey<L: Link + Source, O: Outside>(poll: &Poll, orders: &Receiver<Command<L>>, relay: &mut Relay<L, O>) {
    loop {
        let command = match orders.try_recv() {
            Ok(command) => command,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
        };
        let (token, link) = match relay.order(command) {
            Some(Added::Client(slot)) => (slot as usize * 2, relay.client_link(slot)),
            Some(Added::Server(slot)) => (slot as usize * 2 + 1, relay.server_link(slot)),
            None => continue,
        };
        // The relay may have let go of it already. One that can't be registered is never read: its peer gives up, or a
        // time-out ends it.
        let Some(link) = link else { continue };
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = poll.registry().register(link, Token(token), interest) {
            tracing::error!(%error, "a connection can't be watched");
        }
    }
}
