//! A front that lets everybody in: one tenant, one pool, no passwords, no TLS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mio::event::Source;
use mio::{Interest, Registry, Token};
use tenantry_domain::{Error, ErrorCode, Isolation, Limits, PlanLimits, TenantId};
use tenantry_gateway::profile::{Judging, Profile, Source as RulesSource};
use tenantry_gateway::shard::decide::Decide;
use tenantry_gateway::shard::run::{Inbox, Shard, start};
use tenantry_gateway::shard::{
    Budget, CancelTarget, Channel, ClientId, Command, Link, NewClient, NewServer, Outside, PoolKey, PoolSpec,
    Pooling, ServerId, Stats,
};
use tenantry_gateway::sql::mask::OutlineKey;
use tenantry_gateway::wire::backend;
use tenantry_shape::application::Tables;
use tenantry_testkit::TestDatabase;
use tenantry_testkit::postgres::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::allow_all::AllowAll;

const TENANT: &str = "00000001-0000-4000-8000-000000000001";
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// A socket that counts its system calls.
pub struct Counted {
    stream: mio::net::TcpStream,
    calls: Arc<AtomicU64>,
}

impl Link for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Relaxed);
        Link::read(&mut self.stream, buf)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Relaxed);
        Link::write(&mut self.stream, buf)
    }
}

impl Source for Counted {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.stream.deregister(registry)
    }
}

enum Wish {
    Open(Arc<PoolSpec>),
    Cancel(CancelTarget, ServerId),
    /// Nobody listens here.
    Listen(Channel),
}

struct Rim(UnboundedSender<Wish>);

impl Outside for Rim {
    fn open(&mut self, pool: &Arc<PoolSpec>) {
        let _ = self.0.send(Wish::Open(pool.clone()));
    }

    fn cancel(&mut self, _pool: &Arc<PoolSpec>, target: &CancelTarget, server: ServerId) {
        let _ = self.0.send(Wish::Cancel(target.clone(), server));
    }

    fn listen(&mut self, _pool: &Arc<PoolSpec>, channel: &Channel, _tenant: TenantId) {
        let _ = self.0.send(Wish::Listen(channel.clone()));
    }

    fn unlisten(&mut self, _channel: &Channel) {}

    fn gone(&mut self, _client: ClientId, _tenant: TenantId) {}
}

/// A gateway of one shard before a database of the test server.
pub struct Front {
    pub address: SocketAddr,
    pub database: TestDatabase,
    pub inbox: Inbox<Counted>,
    /// Reads and writes of all sockets.
    pub calls: Arc<AtomicU64>,
}

impl Front {
    pub async fn start(servers_max: usize, pooling: Pooling) -> Self {
        Self::deciding(servers_max, pooling, Box::new(AllowAll), Profile::nobodys()).await
    }

    /// As a gateway before a tenant of a schema.
    pub async fn judging_schema(servers_max: usize, pooling: Pooling) -> Self {
        let tenant = Some(TENANT.parse().expect("a tenant's id"));
        let profile = Profile { id: 0, place: 0, isolation: Isolation::Schema, tenant, ..Profile::nobodys() };
        Self::deciding(servers_max, pooling, Box::new(judging()), profile).await
    }

    /// As a gateway before a tenant's own database.
    pub async fn judging(servers_max: usize, pooling: Pooling) -> Self {
        let profile = Profile { id: 0, place: 0, ..Profile::nobodys() };
        Self::deciding(servers_max, pooling, Box::new(judging()), profile).await
    }

    async fn deciding(
        servers_max: usize,
        pooling: Pooling,
        decide: Box<dyn Decide>,
        profile: Profile,
    ) -> Self {
        let database = TestDatabase::new("gateway").await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (wishes, wished) = unbounded_channel();
        let shard: Shard<Counted> =
            start("shard-0", Limits::default(), decide, |_| Rim(wishes)).expect("a shard");
        let calls = Arc::new(AtomicU64::new(0));
        let pool = Arc::new(PoolSpec {
            key: PoolKey::primary("local", database.name(), &database.server().user),
            servers_max,
            servers_min: 0,
            // One is kept back for whoever has none.
            budget: Arc::new(Budget::new(servers_max + 1)),
        });
        let inbox = shard.inbox;
        tokio::spawn(grant(wished, database.server().clone(), inbox.clone(), calls.clone()));
        tokio::spawn(accept(
            listener,
            Entry { pool, pooling, profile: Arc::new(profile), inbox: inbox.clone(), calls: calls.clone() },
        ));
        Self { address, database, inbox, calls }
    }

    /// For drivers and programs.
    pub fn url(&self) -> String {
        let (port, database) = (self.address.port(), self.database.name());
        format!("postgres://somebody@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    pub async fn connect(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await.expect("connect");
        tokio::spawn(connection);
        client
    }

    pub async fn stats(&self) -> Stats {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.inbox.send(Command::Stats(sender)).expect("the shard lives");
        tokio::task::spawn_blocking(move || receiver.recv().expect("statistics")).await.expect("statistics")
    }
}

/// The rules of a tenant's own database.
pub fn judging() -> Judging {
    let mut judging = Judging::new(OutlineKey::new(1, 2));
    let harmless = ["pg_backend_pid", "current_setting", "generate_series", "count"].map(str::to_owned);
    judging.learn(&Arc::new(RulesSource {
        place: 0,
        number: 1,
        tables: Arc::new(Tables::none()),
        harmless: Arc::new(harmless.into()),
        own_settings: Arc::default(),
    }));
    judging
}

fn counted(stream: TcpStream, calls: &Arc<AtomicU64>) -> Counted {
    stream.set_nodelay(true).expect("a socket's option");
    let stream = stream.into_std().expect("a socket");
    Counted { stream: mio::net::TcpStream::from_std(stream), calls: calls.clone() }
}

async fn grant(
    mut wished: UnboundedReceiver<Wish>,
    server: Server,
    inbox: Inbox<Counted>,
    calls: Arc<AtomicU64>,
) {
    while let Some(wish) = wished.recv().await {
        let (server, inbox, calls) = (server.clone(), inbox.clone(), calls.clone());
        tokio::spawn(async move {
            let command = match wish {
                Wish::Open(pool) => match super::connector::open(&server, &pool.key.database).await {
                    Ok((stream, cancel)) => {
                        let link = counted(stream, &calls);
                        Command::AddServer(Box::new(NewServer { link, pool, cancel, timeline: 0 }))
                    }
                    Err(error) => {
                        let error = Error::new(ErrorCode::ServerUnreachable, error.to_string());
                        Command::ServerFailed { pool, error }
                    }
                },
                Wish::Listen(channel) => {
                    let error = Error::new(ErrorCode::ServerUnreachable, "nobody listens");
                    Command::Listening(channel, Some(error))
                }
                Wish::Cancel(target, id) => {
                    super::connector::cancel(&server, &target).await;
                    Command::CancelDone(id)
                }
            };
            let _ = inbox.send(command);
        });
    }
}

#[derive(Clone)]
struct Entry {
    pool: Arc<PoolSpec>,
    pooling: Pooling,
    profile: Arc<Profile>,
    inbox: Inbox<Counted>,
    calls: Arc<AtomicU64>,
}

async fn accept(listener: TcpListener, entry: Entry) {
    let mut secret = 0x5eed_0000_0000_u64;
    while let Ok((stream, _)) = listener.accept().await {
        // Odd steps reach every number once before they repeat.
        secret = secret.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let entry = entry.clone();
        tokio::spawn(async move {
            let _ = greet(stream, entry, secret).await;
        });
    }
}

async fn greet(mut stream: TcpStream, entry: Entry, secret: u64) -> io::Result<()> {
    let body = loop {
        let length = stream.read_u32().await? as usize;
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).await?;
        match u32::from_be_bytes([body[0], body[1], body[2], body[3]]) {
            TLS | GSS => stream.write_all(b"N").await?,
            CANCEL => {
                let secret = u64::from_be_bytes(body[4..12].try_into().expect("8 bytes"));
                let _ = entry.inbox.send(Command::Cancel { secret });
                return Ok(());
            }
            _ => break body,
        }
    };
    let words: Vec<String> =
        body[4..].split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let pairs = words.chunks_exact(2).filter(|pair| !pair[0].is_empty());
    let settings = pairs
        .filter(|pair| !matches!(pair[0].as_str(), "user" | "database" | "options" | "replication"))
        .map(|pair| (pair[0].as_str().into(), pair[1].as_str().into()))
        .collect();
    let mut out = Vec::new();
    backend::authentication_ok(&mut out);
    for (name, value) in [
        ("server_version", "15.0"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
        ("integer_datetimes", "on"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
    ] {
        backend::parameter_status(&mut out, name, value);
    }
    let key = secret.to_be_bytes();
    let process = u32::from_be_bytes([key[0], key[1], key[2], key[3]]);
    backend::backend_key_data(&mut out, process, &key[4..]);
    backend::ready_for_query(&mut out, tenantry_gateway::wire::status::Status::Idle);
    stream.write_all(&out).await?;
    let new = NewClient {
        link: counted(stream, &entry.calls),
        read: Vec::new(),
        tenant: TENANT.parse().expect("a tenant's id"),
        limits: PlanLimits::default(),
        pool: entry.pool,
        pooling: entry.pooling,
        sets_tenant: false,
        reads: None,
        profile: entry.profile,
        settings,
        cancel_secret: secret,
        opened_by: 0,
    };
    let _ = entry.inbox.send(Command::AddClient(Box::new(new)));
    Ok(())
}
