//! The relay of one shard, without sockets or threads: links, events and commands come in.
//!
//! Every function ends in a consistent state, and none calls itself through another: what one connection's event makes
//! possible for another goes on a list, [`Relay::settle`] works it off.

mod attach;
mod ending;
mod listening;
mod open;
mod orders;
mod pump;
mod route;
mod tick;

use std::collections::{HashMap, VecDeque};

use slab::Slab;
use tenantry_domain::{ErrorCode, Limits};

use super::client::{Client, ClientId};
use super::clock::Millis;
use super::command::Outside;
use super::decide::Decide;
use super::ears::Ears;
use super::pool::{PoolId, Pools};
use super::server::{Server, ServerId};
use super::settings::SettingsTable;
use super::statements::Statements;
use super::tenant::Tenants;

pub use orders::Added;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What happened to a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event {
    /// Something has come.
    pub is_readable: bool,
    /// It takes bytes again.
    pub is_writable: bool,
    /// The other end was closed.
    pub is_hung_up: bool,
}

/// A connection to be looked at.
#[derive(Clone, Copy, Debug)]
enum Todo {
    Client(ClientId),
    Server(ServerId),
}

/// The relay of one shard.
pub struct Relay<L, O> {
    clients: Slab<Client<L>>,
    servers: Slab<Server<L>>,
    pools: Pools,
    tenants: Tenants,
    statements: Statements,
    settings: SettingsTable,
    ears: Ears,
    decide: Box<dyn Decide>,
    outside: O,
    limits: Limits,
    cancel_keys: HashMap<u64, ClientId>,
    /// Clients of tenants that are held.
    held: Vec<ClientId>,
    /// Clients that are to be sent away.
    parting: Vec<ClientId>,
    refused: Vec<(ErrorCode, u64)>,
    /// Pools with waiting clients for which the budget has no connection.
    hungry: VecDeque<PoolId>,
    buffer: Vec<u8>,
    changed: Vec<u8>,
    todo: VecDeque<Todo>,
    /// Connections with more to read, after everybody else.
    later: VecDeque<Todo>,
    now: Millis,
    generation: u32,
    wakeups: u64,
    is_draining: bool,
}

impl<L: super::Link, O: Outside> Relay<L, O> {
    /// A relay without connections.
    pub fn new(limits: Limits, decide: Box<dyn Decide>, outside: O) -> Self {
        Self {
            clients: Slab::new(),
            servers: Slab::new(),
            pools: Pools::default(),
            tenants: Tenants::default(),
            statements: Statements::default(),
            settings: SettingsTable::default(),
            ears: Ears::default(),
            decide,
            outside,
            limits,
            cancel_keys: HashMap::new(),
            held: Vec::new(),
            parting: Vec::new(),
            refused: Vec::new(),
            hungry: VecDeque::new(),
            buffer: vec![0; BUFFER_BYTES],
            changed: Vec::new(),
            todo: VecDeque::new(),
            later: VecDeque::new(),
            now: Millis::default(),
            generation: 0,
            wakeups: 0,
            is_draining: false,
        }
    }

    /// It is so late now. To be told before anything else at each wake-up.
    pub fn set_time(&mut self, now: Millis) {
        self.now = now;
        self.wakeups += 1;
    }

    /// Whether somebody has more to read than its share of a turn: then the next wait must not block.
    pub fn is_eager(&self) -> bool {
        !self.later.is_empty()
    }

    /// Whether time-outs of milliseconds matter at the moment.
    pub fn is_busy(&self) -> bool {
        self.servers.len() > self.pools.iter().map(|pool| pool.free.len()).sum()
            || self.pools.iter().any(|pool| !pool.waiters.is_empty())
            || !self.held.is_empty()
            || !self.parting.is_empty()
    }

    /// Whether it was told to drain, and nobody is left.
    pub fn is_drained(&self) -> bool {
        self.is_draining && self.clients.is_empty()
    }

    /// A client's link has something.
    pub fn client_event(&mut self, slot: u32, event: Event) {
        let Some(client) = self.clients.get_mut(slot as usize) else { return };
        let id = client.id;
        client.is_readable |= event.is_readable || event.is_hung_up;
        client.is_hung_up |= event.is_hung_up;
        let waits = client.waiting.is_some() || client.parting.is_some() || client.talk.waits_for_channels();
        if event.is_hung_up && waits {
            self.end_client(id, None);
            return self.settle();
        }
        if event.is_writable && client.link.flush().is_err() {
            self.end_client(id, None);
        } else if event.is_writable && !client.unsent.is_empty() {
            if client.unsent.flush(&mut client.link).is_err() {
                self.end_client(id, None);
            } else if client.unsent.is_empty()
                && let Some(server) = client.server
            {
                self.todo.push_back(Todo::Server(server));
            }
        }
        self.todo.push_back(Todo::Client(id));
        self.settle();
    }

    /// A server's link has something.
    pub fn server_event(&mut self, slot: u32, event: Event) {
        let Some(server) = self.servers.get_mut(slot as usize) else { return };
        let id = server.id;
        server.is_readable |= event.is_readable || event.is_hung_up;
        server.is_hung_up |= event.is_hung_up;
        if event.is_writable && server.link.flush().is_err() {
            self.server_lost(id);
        } else if event.is_writable && !server.unsent.is_empty() {
            if server.unsent.flush(&mut server.link).is_err() {
                self.server_lost(id);
            } else if server.unsent.is_empty()
                && let Some(client) = server.client()
            {
                self.todo.push_back(Todo::Client(client));
            }
        }
        self.todo.push_back(Todo::Server(id));
        self.settle();
    }

    /// Gives those another turn who had more to read than fits into one.
    pub fn turn(&mut self) {
        std::mem::swap(&mut self.todo, &mut self.later);
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(todo) = self.todo.pop_front() {
            match todo {
                Todo::Client(id) => self.pump_client(id),
                Todo::Server(id) => self.pump_server(id),
            }
        }
    }

    fn client(&self, id: ClientId) -> Option<&Client<L>> {
        self.clients.get(id.slot as usize).filter(|client| client.id == id)
    }

    fn client_mut(&mut self, id: ClientId) -> Option<&mut Client<L>> {
        self.clients.get_mut(id.slot as usize).filter(|client| client.id == id)
    }

    fn server(&self, id: ServerId) -> Option<&Server<L>> {
        self.servers.get(id.slot as usize).filter(|server| server.id == id)
    }

    fn server_mut(&mut self, id: ServerId) -> Option<&mut Server<L>> {
        self.servers.get_mut(id.slot as usize).filter(|server| server.id == id)
    }

    fn next_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}
