//! A PostgreSQL that may be killed, an app with tenants in the three isolations on it, and two gateways before it, each a
//! process of its own on a folder of its own, with a proxy between it and the server.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tempfile::TempDir;
use tenantry_domain::Isolation;
use tenantry_domain::app::IsolationSpec;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tenantry_postgres::server::Server;
use tenantry_registry::SecretDoor;
use tenantry_testkit::postgres::connect::connect;
use tenantry_testkit::{AppOptions, ChaosProxy, TestApp};
use tokio::sync::watch;

use super::asked::Asked;
use super::state::SETTINGS;
use super::tally::Tally;
use crate::support::{self, App, Up, is_postgres, wait_for};

const MIGRATIONS: &[(&str, &str)] = &[(
    "0001_items.up.sql",
    "CREATE TABLE items (id bigserial PRIMARY KEY, owner text NOT NULL, n integer NOT NULL);",
)];
/// Server connections of each gateway: fewer than there are clients, so that they are passed on all the time.
const SERVERS_MAX: usize = 24;
/// Seconds in the queue, for a log-in to a server, and for a log-in to a gateway.
const LIMITS: &str = "gateway_queue_seconds_max = 6\nconnect_seconds_max = 6\ngateway_login_seconds_max = 8\n\
                      gateway_server_lifetime_seconds_max = 20\ngateway_prepared_per_server_max = 20\n";
/// Quick instead of durable: processes are killed here, the machine is not.
const CONFIGURATION: &str = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nshared_buffers = 32MB\n\
                        max_connections = 150\nmax_locks_per_transaction = 256\n";

/// What an operator may grant to tenants with databases of their own.
const TEMPORARY: &str = "SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', d.datname, r.rolname) FROM pg_database d
                         JOIN pg_roles r ON r.rolname LIKE 't\\_%' AND d.datname LIKE '%\\_t\\_' || substr(r.rolname, 3, 32)";

/// A tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub slug: String,
    pub isolation: Isolation,
    pub password: String,
}

/// A gateway that can be killed.
pub struct GatewayProcess {
    folder: App,
    pub proxy: ChaosProxy,
    running: Mutex<Option<(Up, SocketAddr)>>,
    /// Panics that earlier processes of it have logged.
    logs: Mutex<String>,
    starts: AtomicUsize,
}

/// See the module.
pub struct World {
    pub tenants: Vec<Tenant>,
    pub app_password: String,
    pub gateways: Vec<GatewayProcess>,
    pub tally: Tally,
    /// Settings that sessions begin with.
    pub defaults: BTreeMap<&'static str, String>,
    /// The disasters are over: clients are to come to their end.
    pub calm: watch::Sender<bool>,
    app: TestApp,
    postgres: tokio::sync::Mutex<Embedded>,
    server: Server,
    directory: TempDir,
}

impl World {
    pub async fn start(asked: &Asked) -> Self {
        let directory = TempDir::new().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o711)).unwrap();
        fs::write(state.join("postgres.conf"), CONFIGURATION).unwrap();
        let postgres = open(&directory).await;
        let server = postgres.server();
        let migrations = directory.path().join("migrations");
        fs::create_dir(&migrations).unwrap();
        for (name, text) in MIGRATIONS {
            fs::write(migrations.join(name), text).unwrap();
        }
        let isolation = IsolationSpec { tenant_ddl: true, ..IsolationSpec::default() };
        let app = TestApp::on(&server, &migrations, AppOptions { isolation, ..AppOptions::default() }).await;
        app.migrator.up(&|_| {}).await.expect("apply the migrations");
        let mut tenants = Vec::new();
        for number in 0..asked.tenants {
            let isolation = [Isolation::Shared, Isolation::Schema, Isolation::Database][number % 3];
            let slug = format!("soak-{number}");
            let row = app.tenant(&slug, isolation).await;
            let token = app.platform.token(SecretDoor::Tenant(row.tenant.id), "soak").await.unwrap();
            tenants.push(Tenant { slug, isolation, password: token.password.reveal().to_owned() });
        }
        app.platform.mend_logins().await.unwrap();
        let superuser = connect(&server, "postgres", "soak").await.unwrap();
        for row in superuser.query(TEMPORARY, &[]).await.unwrap() {
            superuser.batch_execute(row.get(0)).await.unwrap();
        }
        let token = app.platform.token(SecretDoor::App, "soak").await.unwrap();
        let app_password = token.password.reveal().to_owned();
        let mut gateways = Vec::new();
        for _ in 0..2 {
            gateways.push(GatewayProcess::start(&app, &server).await);
        }
        let mut defaults = BTreeMap::new();
        for (name, _) in SETTINGS.iter().filter(|(name, _)| !name.contains('.')) {
            let row = superuser.query_one(&format!("SHOW {name}"), &[]).await.unwrap();
            defaults.insert(*name, row.get(0));
        }
        let calm = watch::Sender::new(false);
        let (tally, postgres) = (Tally::default(), tokio::sync::Mutex::new(postgres));
        Self { tenants, app_password, gateways, tally, defaults, calm, app, postgres, server, directory }
    }

    /// PostgreSQL ends as by `pg_ctl -m immediate`, and is there again on its old port a moment later.
    pub async fn restart_postgres(&self) {
        let mut postgres = self.postgres.lock().await;
        let pid = postgres.postmaster().await.expect("it runs");
        support::send("-QUIT", pid.cast_unsigned());
        wait_for("the server's end", async || !is_postgres(pid)).await;
        *postgres = open(&self.directory).await;
        assert_eq!(postgres.server().port, self.server.port, "the proxies know one port alone");
    }

    /// What the clients could not see: past the gateways too each tenant has its own rows alone, and no gateway has panicked.
    pub async fn audit(&self) {
        let mut looked_at = 0;
        for tenant in &self.tenants {
            let client = self.app.login(&tenant.slug).await;
            for row in client.query("SELECT owner, count(*) FROM items GROUP BY owner", &[]).await.unwrap() {
                looked_at += row.get::<_, i64>(1);
                if row.get::<_, &str>(0) != tenant.slug {
                    self.tally.violation(format!("{} has rows of {}", tenant.slug, row.get::<_, &str>(0)));
                }
            }
        }
        assert!(looked_at > 0, "nothing was written");
        for log in self.gateways.iter().map(GatewayProcess::log).filter(|log| log.contains("panicked")) {
            self.tally.violation(format!("a gateway has panicked: {log}"));
        }
    }

    /// Ends what still runs.
    pub async fn end(&self) {
        for gateway in &self.gateways {
            gateway.kill();
        }
        let _ = self.postgres.lock().await.close().await;
    }
}

async fn open(directory: &TempDir) -> Embedded {
    let bin = tenantry_testkit::server::installation().await.bin;
    let options =
        EmbeddedOptions { directory: directory.path().join("state"), bin: Some(bin), mode: Mode::Shared };
    Embedded::open(options).await.expect("the soak's server")
}

impl GatewayProcess {
    async fn start(app: &TestApp, server: &Server) -> Self {
        let (proxy, through) = ChaosProxy::before(server).await;
        let mut folder = App::empty();
        fs::create_dir_all(folder.path().join("migrations/main")).unwrap();
        let name = &app.platform.app.name;
        let text = format!(
            "app = \"{name}\"\n[isolation]\ntenant_ddl = true\n[limits]\n{LIMITS}\
             gateway_connections_per_cluster_max = {SERVERS_MAX}\n"
        );
        fs::write(folder.path().join("tenantry.toml"), text).unwrap();
        let url = app.platform.gateway_url(&through).await.unwrap().reveal().to_owned();
        folder.variables.push(("TENANTRY_GATEWAY_CONTROL_URL".to_owned(), url));
        let this = Self {
            folder,
            proxy,
            running: Mutex::default(),
            logs: Mutex::default(),
            starts: AtomicUsize::new(0),
        };
        this.begin().await;
        this
    }

    /// Starts it where it does not run.
    pub async fn begin(&self) {
        if self.running.lock().unwrap().is_some() {
            return;
        }
        let path = self.folder.path();
        let args =
            ["--dir", path.to_str().unwrap(), "serve", "--role", "gateway", "--gateway", "127.0.0.1:0"];
        let began = self.starts.fetch_add(1, Relaxed);
        let up = self.folder.begin_other(&format!("gateway-{began}"), &args);
        wait_for("the gateway serves", async || {
            assert!(up.lives(), "the gateway ended: {}", up.log());
            up.log().contains("Ctrl-C stops")
        })
        .await;
        let log = up.log();
        let address = log.split_once("gateway on postgres://").unwrap().1.split_once(';').unwrap().0;
        let address = address.parse().unwrap();
        *self.running.lock().unwrap() = Some((up, address));
    }

    /// Where it listens, if it runs.
    pub fn address(&self) -> Option<SocketAddr> {
        self.running.lock().unwrap().as_ref().map(|(_, address)| *address)
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.running.lock().unwrap().as_ref().map(|(up, _)| up.pid())
    }

    /// Kills it: nobody is told anything.
    pub fn kill(&self) {
        let Some((up, _)) = self.running.lock().unwrap().take() else { return };
        self.logs.lock().unwrap().push_str(&up.log());
        support::send("-KILL", up.pid());
    }

    fn log(&self) -> String {
        let running = self.running.lock().unwrap().as_ref().map(|(up, _)| up.log()).unwrap_or_default();
        self.logs.lock().unwrap().clone() + &running
    }
}
