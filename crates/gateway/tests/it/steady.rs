//! What a transaction costs in the steady state: system calls and allocations.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tenantry_domain::{Limits, PlanLimits, TenantId};
use tenantry_gateway::profile::Profile;
use tenantry_gateway::shard::decide::Decide;
use tenantry_gateway::shard::{
    Added, Budget, CancelTarget, Channel, ClientId, Command, Event, Link, Millis, NewClient, NewServer,
    Outside, PoolKey, PoolSpec, Pooling, Relay, ServerId,
};
use tenantry_gateway::wire::frontend;
use tokio::process::Command as Program;

use super::allow_all::AllowAll;
use super::front::{Front, judging};

/// Each socket is read once and written once. Besides there are the log-ins.
const TRANSFERS_MAX: f64 = 4.05;
/// Where nothing ever happens at the same time.
const WAITS_MAX: f64 = 2.0;
const TRANSACTIONS: u64 = 16 * 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_takes_few_system_calls() {
    let front = Front::start(16, Pooling::Transaction).await;
    let url = front.url();
    let pgbench = async |args: &[&str]| {
        let done = Program::new("pgbench").args(args).arg(&url).output().await.expect("pgbench is installed");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    pgbench(&["-i", "-q"]).await;
    for mode in ["simple", "extended", "prepared"] {
        let (calls, before) = (front.calls.load(Relaxed), front.stats().await.wakeups);
        pgbench(&["-n", "-S", "-c", "16", "-j", "1", "-t", "500", "-M", mode]).await;
        let transfers = (front.calls.load(Relaxed) - calls) as f64 / TRANSACTIONS as f64;
        let waits = (front.stats().await.wakeups - before) as f64 / TRANSACTIONS as f64;
        println!("{mode}: {transfers:.3} reads and writes, {waits:.3} waits a transaction");
        // How many events one wait brings depends on who else uses the machine; reads and writes do not.
        assert!(transfers <= TRANSFERS_MAX, "{mode}: {transfers:.3} reads and writes a transaction");
        assert!(waits <= WAITS_MAX, "{mode}: {waits:.3} waits a transaction");
    }
}

/// A link whose bytes are there already and whose memory was taken beforehand.
#[derive(Default)]
struct Pipe {
    to_relay: VecDeque<u8>,
    from_relay: Vec<u8>,
}

#[derive(Clone)]
struct End(Rc<RefCell<Pipe>>);

impl End {
    fn new() -> Self {
        let pipe =
            Pipe { to_relay: VecDeque::with_capacity(1 << 16), from_relay: Vec::with_capacity(1 << 16) };
        Self(Rc::new(RefCell::new(pipe)))
    }
}

impl Link for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let pipe = &mut self.0.borrow_mut().to_relay;
        if pipe.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        io::Read::read(pipe, buf)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().from_relay.extend_from_slice(buf);
        Ok(buf.len())
    }
}

/// Bytes that the relay has for each of many idle clients: the goal is 2 KiB of the process, sockets' bookkeeping and what
/// the allocator needs for itself included.
const IDLE_BYTES_MAX: i64 = 700;
const IDLE_CLIENTS: usize = 1_024;

struct Nobody;

impl Outside for Nobody {
    fn open(&mut self, _pool: &Arc<PoolSpec>) {}
    fn cancel(&mut self, _pool: &Arc<PoolSpec>, _target: &CancelTarget, _server: ServerId) {}
    fn listen(&mut self, _pool: &Arc<PoolSpec>, _channel: &Channel, _tenant: TenantId) {}
    fn unlisten(&mut self, _channel: &Channel) {}
    fn gone(&mut self, _client: ClientId, _tenant: TenantId) {}
}

/// Two clients, one server: one of them always waits.
struct Bench {
    relay: Relay<End, Nobody>,
    clients: [(u32, End); 2],
    server: (u32, End),
    pool: Arc<PoolSpec>,
}

impl Bench {
    fn new(decide: Box<dyn Decide>) -> Self {
        let key = PoolKey::primary("c", "d", "l");
        let pool =
            Arc::new(PoolSpec { key, servers_max: 1, servers_min: 0, budget: Arc::new(Budget::new(1)) });
        let mut relay = Relay::new(Limits::default(), decide, Nobody);
        let mut number = 0;
        let clients = [(); 2].map(|()| {
            number += 1;
            let end = End::new();
            let new = NewClient {
                link: end.clone(),
                read: Vec::new(),
                tenant: "00000001-0000-4000-8000-000000000001".parse().unwrap(),
                limits: PlanLimits::default(),
                pool: pool.clone(),
                pooling: Pooling::Transaction,
                sets_tenant: false,
                reads: None,
                profile: Arc::new(Profile { id: 0, place: 0, ..Profile::nobodys() }),
                settings: Vec::new(),
                cancel_secret: number,
                opened_by: 0,
            };
            match relay.order(Command::AddClient(Box::new(new))) {
                Some(Added::Client(slot)) => (slot, end),
                _ => panic!("a client was not added"),
            }
        });
        let end = End::new();
        let cancel = CancelTarget { process: 1, secret: Box::from(*b"1234") };
        let new = NewServer { link: end.clone(), pool: pool.clone(), cancel, timeline: 0 };
        let Some(Added::Server(slot)) = relay.order(Command::AddServer(Box::new(new))) else {
            panic!("a server was not added")
        };
        Self { relay, clients, server: (slot, end), pool }
    }

    /// Both clients ask, the second one while the first is served.
    fn round(&mut self, question: &[u8], answer: &[u8], now: u64) {
        let readable = Event { is_readable: true, ..Event::default() };
        self.relay.set_time(Millis(now));
        for (slot, end) in &self.clients {
            end.0.borrow_mut().to_relay.extend(question);
            self.relay.client_event(*slot, readable);
        }
        for (_, client) in &self.clients {
            let mut server = self.server.1.0.borrow_mut();
            assert!(!server.from_relay.is_empty(), "the server was asked");
            server.from_relay.clear();
            server.to_relay.extend(answer);
            drop(server);
            self.relay.server_event(self.server.0, readable);
            assert!(client.0.borrow().from_relay.ends_with(b"Z\0\0\0\x05I"), "the client was answered");
            client.0.borrow_mut().from_relay.clear();
        }
    }

    fn allocations(&mut self, question: &[u8], answer: &[u8]) -> u64 {
        for now in 0..100 {
            self.round(question, answer, now);
        }
        allocation_counter::measure(|| {
            for now in 100..1_100 {
                self.round(question, answer, now);
            }
        })
        .count_total
    }
}

#[test]
fn an_idle_client_takes_little() {
    let row = [message(b'T', b"\0\0"), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    let mut query = Vec::new();
    frontend::query(&mut query, "SELECT 1");
    let mut bench = Bench::new(Box::new(judging()));
    bench.round(&query, &row, 1);
    let ends: Vec<End> = (0..IDLE_CLIENTS).map(|_| End::new()).collect();
    let profile = Arc::new(Profile { id: 0, place: 0, ..Profile::nobodys() });
    let readable = Event { is_readable: true, ..Event::default() };
    let answer = [message(b'C', b"SET\0"), message(b'Z', b"I")].concat();
    let held = allocation_counter::measure(|| {
        for (number, end) in ends.iter().enumerate() {
            let new = NewClient {
                link: end.clone(),
                read: Vec::new(),
                tenant: format!("{:08x}-0000-4000-8000-000000000001", number % 100).parse().unwrap(),
                limits: PlanLimits::default(),
                pool: bench.pool.clone(),
                reads: None,
                pooling: Pooling::Transaction,
                sets_tenant: false,
                profile: profile.clone(),
                settings: vec![("application_name".into(), "idle".into()), ("TimeZone".into(), "UTC".into())],
                cancel_secret: 100 + number as u64,
                opened_by: 0,
            };
            let added = bench.relay.order(Command::AddClient(Box::new(new)));
            let Some(Added::Client(slot)) = added else { panic!("a client was not added") };
            end.0.borrow_mut().to_relay.extend(&query);
            bench.relay.client_event(slot, readable);
            for _ in 0..2 {
                // The first answer is that to its settings, where they are awaited.
                let mut server = bench.server.1.0.borrow_mut();
                let questions = server.from_relay.iter().filter(|byte| **byte == b'Q').count();
                server.from_relay.clear();
                (0..questions).for_each(|_| server.to_relay.extend(&answer));
                drop(server);
                bench.relay.server_event(bench.server.0, readable);
            }
            end.0.borrow_mut().from_relay.clear();
        }
    });
    let bytes = held.bytes_current / IDLE_CLIENTS as i64;
    println!("{bytes} bytes in {:.2} pieces", held.count_current as f64 / IDLE_CLIENTS as f64);
    assert!(bytes <= IDLE_BYTES_MAX, "{bytes} bytes for each idle client");
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend(((body.len() + 4) as u32).to_be_bytes());
    out.extend(body);
    out
}

#[test]
fn a_transaction_allocates_nothing() {
    allocates_nothing(|| Box::new(AllowAll));
    allocates_nothing(|| Box::new(judging()));
}

fn allocates_nothing(decide: impl Fn() -> Box<dyn Decide>) {
    let row =
        [message(b'D', b"\0\x01\0\0\0\x011"), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    let mut query = Vec::new();
    frontend::query(&mut query, "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;");
    let columns = message(b'T', b"\0\0");
    assert_eq!(
        Bench::new(decide()).allocations(&query, &[columns.clone(), row.clone()].concat()),
        0,
        "simple"
    );

    let run = [message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat();
    let parse = message(b'P', b"\0SELECT 1\0\0\0");
    let extended = [parse, message(b'B', b"\0\0\0\0\0\0\0\0"), message(b'D', b"P\0"), run.clone()].concat();
    let answer = [message(b'1', b""), message(b'2', b""), columns.clone(), row.clone()].concat();
    assert_eq!(Bench::new(decide()).allocations(&extended, &answer), 0, "extended");

    let mut bench = Bench::new(decide());
    let prepare = [message(b'P', b"s\0SELECT 1\0\0\0"), message(b'S', b"")].concat();
    let readable = Event { is_readable: true, ..Event::default() };
    for (slot, end) in bench.clients.clone() {
        end.0.borrow_mut().to_relay.extend(&prepare);
        bench.relay.client_event(slot, readable);
        // The second one's Parse became a Close.
        let first = bench.server.1.0.borrow_mut().from_relay.drain(..).next().unwrap();
        let done = if first == b'P' { b'1' } else { b'3' };
        bench.server.1.0.borrow_mut().to_relay.extend([message(done, b""), message(b'Z', b"I")].concat());
        bench.relay.server_event(bench.server.0, readable);
        end.0.borrow_mut().from_relay.clear();
    }
    let prepared = [message(b'B', b"\0s\0\0\0\0\0\0\0"), message(b'D', b"P\0"), run].concat();
    let answer = [message(b'2', b""), columns, row].concat();
    assert_eq!(bench.allocations(&prepared, &answer), 0, "prepared");
}
