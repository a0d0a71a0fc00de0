//! A relay between scripted clients and simulated servers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tenantry_domain::app::Reads;
use tenantry_domain::{Limits, PlanLimits, TenantId};

use super::backend::Backend;
use crate::profile::Profile;
use crate::reads::{ClientReads, Replicas};
use crate::shard::command::Outside;
use crate::shard::decide::{Decide, Decision, Effects, Statement};
use crate::shard::frame;
use crate::shard::{
    Added, Budget, CancelTarget, Channel, ClientId, Command, Event, Link, Millis, NewClient, NewServer,
    PoolKey, PoolSpec, Pooling, Relay, ServerId,
};

/// Both ends of a scripted connection.
#[derive(Default)]
pub struct Ends {
    pub to_relay: VecDeque<u8>,
    pub from_relay: Vec<u8>,
    /// The peer has closed its end.
    pub is_closed: bool,
    /// The relay has let go of its end.
    pub is_dropped: bool,
    /// Bytes that the peer takes before it blocks; `None`: any number.
    pub room: Option<usize>,
    /// Bytes that one read returns at most; `None`: any number.
    pub read_max: Option<usize>,
    pub reads: usize,
    pub writes: usize,
}

#[derive(Clone, Default)]
pub struct Wire(pub Rc<RefCell<Ends>>);

pub struct RelayEnd(Wire);

impl Drop for RelayEnd {
    fn drop(&mut self) {
        self.0.0.borrow_mut().is_dropped = true;
    }
}

impl Link for RelayEnd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut ends = self.0.0.borrow_mut();
        ends.reads += 1;
        if ends.to_relay.is_empty() {
            return if ends.is_closed { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let count = buf.len().min(ends.to_relay.len()).min(ends.read_max.unwrap_or(usize::MAX));
        for (place, byte) in buf.iter_mut().zip(ends.to_relay.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut ends = self.0.0.borrow_mut();
        ends.writes += 1;
        if ends.is_closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = buf.len().min(ends.room.unwrap_or(usize::MAX));
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        ends.room = ends.room.map(|room| room - count);
        ends.from_relay.extend_from_slice(&buf[..count]);
        Ok(count)
    }
}

/// Knows the simulated server's language.
pub struct Toy;

impl Decide for Toy {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let is_set = [&b"set "[..], b"PREPARE "].iter().any(|word| statement.text.starts_with(word));
        let effects = Effects { is_dirty: is_set || !statement.is_whole, ..Effects::default() };
        Decision { effects, ..Decision::default() }
    }

    fn function_call(&mut self, _profile: &Profile) -> Decision {
        Decision::default()
    }
}

/// What the relay has asked of the rim.
#[derive(Default)]
pub struct Asked {
    pub opens: VecDeque<Arc<PoolSpec>>,
    pub cancels: VecDeque<(u32, ServerId)>,
    pub gone: usize,
    pub listens: VecDeque<Channel>,
    pub unlistens: VecDeque<Channel>,
}

pub struct Rim(Rc<RefCell<Asked>>);

impl Outside for Rim {
    fn open(&mut self, pool: &Arc<PoolSpec>) {
        self.0.borrow_mut().opens.push_back(pool.clone());
    }

    fn cancel(&mut self, _pool: &Arc<PoolSpec>, target: &CancelTarget, server: ServerId) {
        self.0.borrow_mut().cancels.push_back((target.process, server));
    }

    fn listen(&mut self, _pool: &Arc<PoolSpec>, channel: &Channel, _tenant: TenantId) {
        self.0.borrow_mut().listens.push_back(channel.clone());
    }

    fn unlisten(&mut self, channel: &Channel) {
        self.0.borrow_mut().unlistens.push_back(channel.clone());
    }

    fn gone(&mut self, _client: ClientId, _tenant: TenantId) {
        self.0.borrow_mut().gone += 1;
    }
}

pub struct SimServer {
    pub slot: u32,
    pub wire: Wire,
    pub backend: Backend,
    /// Which replica it is.
    pub replica: Option<usize>,
    /// It reads and says nothing for now.
    pub is_paused: bool,
}

#[derive(Clone)]
pub struct SimClient {
    pub slot: u32,
    pub wire: Wire,
    pub secret: u64,
}

impl SimClient {
    pub fn is_gone(&self) -> bool {
        self.wire.0.borrow().is_dropped
    }

    /// What it was sent since it was last asked.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.wire.0.borrow_mut().from_relay)
    }

    /// As [`SimClient::take`], one word per message.
    pub fn answers(&self) -> String {
        describe(&self.take())
    }
}

pub struct World {
    pub relay: Relay<RelayEnd, Rim>,
    pub asked: Rc<RefCell<Asked>>,
    pub servers: Vec<SimServer>,
    pub budget: Arc<Budget>,
    pub now: u64,
    pub servers_max: usize,
    pub limits: PlanLimits,
    pub pooling: Pooling,
    pub sets_tenant: bool,
    /// Replicas of the cluster, and what clients let them answer.
    pub replicas: Option<(Arc<Replicas>, Reads)>,
    /// The timeline of servers that are opened.
    pub timeline: u32,
    /// Server connections that are asked for are not answered.
    pub opens_nothing: bool,
    /// Bytes that one read of any link returns at most.
    pub read_max: Option<usize>,
    secret: u64,
}

impl World {
    pub fn new() -> Self {
        Self::with(Box::new(Toy), Limits::default(), 100)
    }

    pub fn with(decide: Box<dyn Decide>, limits: Limits, budget: usize) -> Self {
        let asked = Rc::new(RefCell::new(Asked::default()));
        Self {
            relay: Relay::new(limits, decide, Rim(asked.clone())),
            asked,
            servers: Vec::new(),
            budget: Arc::new(Budget::new(budget)),
            now: 0,
            servers_max: 10,
            limits: PlanLimits::default(),
            pooling: Pooling::Transaction,
            sets_tenant: false,
            replicas: None,
            timeline: 1,
            opens_nothing: false,
            read_max: None,
            secret: 0,
        }
    }

    pub fn pool(&self, login: &str) -> Arc<PoolSpec> {
        Arc::new(PoolSpec {
            key: PoolKey::primary("c", "d", login),
            servers_max: self.servers_max,
            servers_min: 0,
            budget: self.budget.clone(),
        })
    }

    fn reads(&self, login: &str) -> Option<ClientReads> {
        let (replicas, mode) = self.replicas.clone()?;
        let primary = self.pool(login);
        let of = |replica| {
            let key = primary.key.on_replica(replica);
            Arc::new(PoolSpec { key, budget: Arc::new(Budget::new(100)), ..(*primary).clone() })
        };
        let pools = (0..replicas.each().len()).map(of).collect();
        Some(ClientReads { mode, replicas, pools })
    }

    pub fn client(&mut self) -> SimClient {
        self.client_of(1, "app", &[])
    }

    pub fn client_of(&mut self, tenant: u128, login: &str, settings: &[(&str, &str)]) -> SimClient {
        self.secret += 1;
        let wire = Wire::default();
        wire.0.borrow_mut().read_max = self.read_max;
        let new = NewClient {
            link: RelayEnd(wire.clone()),
            read: Vec::new(),
            tenant: tenant_id(tenant),
            limits: self.limits,
            pool: self.pool(login),
            pooling: self.pooling,
            sets_tenant: self.sets_tenant,
            reads: self.reads(login),
            profile: Arc::new(Profile::nobodys()),
            settings: settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            cancel_secret: self.secret,
            opened_by: self.secret as i64,
        };
        let Some(Added::Client(slot)) = self.relay.order(Command::AddClient(Box::new(new))) else {
            panic!("a client was not added")
        };
        SimClient { slot, wire, secret: self.secret }
    }

    /// The client sends this, and everything that follows from it happens.
    pub fn send(&mut self, client: &SimClient, bytes: &[u8]) {
        client.wire.0.borrow_mut().to_relay.extend(bytes);
        self.relay.client_event(client.slot, Event { is_readable: true, ..Event::default() });
        self.run();
    }

    /// Sends it, and returns what it is answered.
    pub fn ask(&mut self, client: &SimClient, bytes: &[u8]) -> String {
        self.send(client, bytes);
        client.answers()
    }

    pub fn query(&mut self, client: &SimClient, sql: &str) -> String {
        self.ask(client, &q(sql))
    }

    pub fn hang_up(&mut self, client: &SimClient) {
        client.wire.0.borrow_mut().is_closed = true;
        let event = Event { is_readable: true, is_hung_up: true, ..Event::default() };
        self.relay.client_event(client.slot, event);
        self.run();
    }

    pub fn cut_server(&mut self, index: usize) {
        let server = &self.servers[index];
        server.wire.0.borrow_mut().is_closed = true;
        let slot = server.slot;
        let event = Event { is_readable: true, is_hung_up: true, ..Event::default() };
        self.relay.server_event(slot, event);
        self.run();
    }

    pub fn order(&mut self, command: Command<RelayEnd>) {
        assert!(self.relay.order(command).is_none());
        self.run();
    }

    pub fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.relay.set_time(Millis(self.now));
        self.relay.tick();
        self.run();
    }

    /// Until nobody has anything to do.
    pub fn run(&mut self) {
        loop {
            while self.relay.is_eager() {
                self.relay.turn();
            }
            let mut moved = self.open();
            for index in 0..self.servers.len() {
                moved |= self.serve(index);
            }
            if !moved {
                return;
            }
        }
    }

    fn open(&mut self) -> bool {
        if self.opens_nothing {
            return false;
        }
        let Some(pool) = self.asked.borrow_mut().opens.pop_front() else { return false };
        let wire = Wire::default();
        wire.0.borrow_mut().read_max = self.read_max;
        let process = self.servers.len() as u32;
        let replica = pool.key.replica;
        let new = NewServer {
            link: RelayEnd(wire.clone()),
            pool,
            cancel: CancelTarget { process, secret: Box::from(*b"abcd") },
            timeline: self.timeline,
        };
        // The slot is known only afterwards; what the relay writes meanwhile stays in the wire.
        let Some(Added::Server(slot)) = self.relay.order(Command::AddServer(Box::new(new))) else {
            panic!("a server was not added")
        };
        self.servers.push(SimServer { slot, wire, backend: Backend::default(), replica, is_paused: false });
        true
    }

    fn serve(&mut self, index: usize) -> bool {
        let server = &mut self.servers[index];
        if server.is_paused || server.wire.0.borrow().is_dropped {
            return false;
        }
        let asked = std::mem::take(&mut server.wire.0.borrow_mut().from_relay);
        if asked.is_empty() {
            return false;
        }
        let answers = server.backend.hear(&asked);
        server.wire.0.borrow_mut().to_relay.extend(answers);
        let event = Event { is_readable: true, ..Event::default() };
        let slot = server.slot;
        self.relay.server_event(slot, event);
        true
    }

    /// Everything that ran on a server, in order.
    pub fn ran(&self, index: usize) -> Vec<String> {
        self.servers[index].backend.ran.clone()
    }

    /// What ran on a cluster's primary (`None`) or on one of its replicas, since this was last asked.
    pub fn ran_on(&mut self, replica: Option<usize>) -> Vec<String> {
        let servers = self.servers.iter_mut().filter(|server| server.replica == replica);
        servers.flat_map(|server| std::mem::take(&mut server.backend.ran)).collect()
    }

    pub fn live_servers(&self) -> usize {
        self.servers.iter().filter(|server| !server.wire.0.borrow().is_dropped).count()
    }
}

pub fn tenant_id(number: u128) -> TenantId {
    format!("{number:08x}-0000-4000-8000-000000000000").parse().expect("a tenant's id")
}

pub fn message(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write(&mut out, tag, parts);
    out
}

pub fn q(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), b"\0"])
}

pub fn parse(name: &str, sql: &str) -> Vec<u8> {
    message(b'P', &[name.as_bytes(), b"\0", sql.as_bytes(), b"\0\0\0"])
}

pub fn bind(name: &str) -> Vec<u8> {
    message(b'B', &[b"\0", name.as_bytes(), b"\0\0\0\0\0\0\0"])
}

pub fn describe_statement(name: &str) -> Vec<u8> {
    message(b'D', &[b"S", name.as_bytes(), b"\0"])
}

pub fn close_statement(name: &str) -> Vec<u8> {
    message(b'C', &[b"S", name.as_bytes(), b"\0"])
}

pub fn execute() -> Vec<u8> {
    message(b'E', &[b"\0\0\0\0\0"])
}

pub fn sync() -> Vec<u8> {
    message(b'S', &[])
}

pub fn flush() -> Vec<u8> {
    message(b'H', &[])
}

/// One word per message: its type, and what tells it apart.
pub fn describe(bytes: &[u8]) -> String {
    describe_with(bytes, true)
}

/// As [`describe`], with or without the texts of errors.
pub fn describe_with(bytes: &[u8], errors: bool) -> String {
    let mut words = Vec::new();
    let mut rest = bytes;
    while let Ok(Some(head)) = frame::server_head(rest) {
        if rest.len() < head.bytes {
            break;
        }
        let body = &rest[5..head.bytes];
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        words.push(match head.tag {
            b'E' => {
                let field = |tag| text(frame::error_field(body, tag).unwrap_or_default());
                let what = if errors { field(b'M') } else { String::new() };
                format!("E[{} {what}]", field(b'C'))
            }
            b'Z' => format!("Z{}", text(body)),
            b'C' => format!("C[{}]", text(body)),
            b'D' => format!("D[{}]", text(body.get(6..).unwrap_or_default())),
            tag => char::from(tag).to_string(),
        });
        rest = &rest[head.bytes..];
    }
    if !rest.is_empty() {
        words.push(format!("...{}", rest.len()));
    }
    words.join(" ")
}
