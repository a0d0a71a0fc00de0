//! An app that is up, with a tenant that has pgbench's tables in a database of its own, and the ways to them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tenantry_testkit::postgres::server::Server;

use crate::arguments::Arguments;
use crate::pgbouncer::PgBouncer;

const TABLES: &str = "
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
";
/// pgbench's scale: 100,000 accounts each.
const SCALE: &str = "10";
/// The login that goes past the gateway; it may what the tenant's may, and is limited in nothing.
const DIRECT: &str = "bench_direct";
const PASSWORD: &str = "bench";

/// See the module.
pub struct World {
    folder: tempfile::TempDir,
    up: Child,
    /// The superuser's.
    pub postgres: Server,
    /// The tenant's door of the gateway.
    pub gateway: Server,
    /// The tenant's database, past the gateway.
    pub direct: Server,
    pub pgbouncer: Option<PgBouncer>,
}

impl World {
    pub fn start(asked: &Arguments) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        make_certificate(folder.path());
        fs::write(folder.path().join("tenantry.toml"), configuration(asked)).unwrap();
        let migrations = folder.path().join("migrations/main");
        fs::create_dir_all(&migrations).unwrap();
        fs::write(migrations.join("0001_pgbench.up.sql"), TABLES).unwrap();
        let ready = folder.path().join("ready.json");
        let up = tenantry(folder.path())
            .args(["up", "--http", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--ready-file"])
            .arg(&ready)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let text = wait_for(|| fs::read_to_string(&ready).ok().filter(|text| !text.is_empty()));
        let ready: Value = serde_json::from_str(&text).unwrap();
        let postgres: Server = ready["postgres"].as_str().unwrap().parse().unwrap();
        run(tenantry(folder.path()).args(["tenant", "create", "bench-co", "--isolation", "database"]));
        let gateway = url(folder.path(), "bench-co");
        let direct = make_direct(&postgres);
        let pgbouncer = PgBouncer::start(folder.path(), &direct, asked.servers);
        Self { folder, up, postgres, gateway, direct, pgbouncer }
    }

    /// The process of the gateway.
    pub fn pid(&self) -> u32 {
        self.up.id()
    }

    /// A URL with a fresh token.
    pub fn url(&self, who: &str) -> Server {
        url(self.folder.path(), who)
    }

    /// Runs SQL as the superuser.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        psql(&self.postgres, database, sql)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.up.id().to_string()).status();
        let _ = self.up.wait();
    }
}

fn configuration(asked: &Arguments) -> String {
    format!(
        "app = \"bench\"\n[gateway.tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n[limits]\n\
         tenant_connections_max = {servers}\ngateway_clients_max = 30000\ngateway_clients_per_tenant_max = 30000\n\
         gateway_connections_per_cluster_max = {most}\nblank_databases_ready = 1\n",
        servers = asked.servers,
        most = asked.servers.max(60),
    )
}

/// The executable under test; `BENCH_EXECUTABLE` names another one.
fn tenantry(folder: &Path) -> Command {
    let program =
        std::env::var("BENCH_EXECUTABLE").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tenantry").to_owned());
    let mut command = Command::new(program);
    command.arg("--dir").arg(folder);
    command
}

fn url(folder: &Path, who: &str) -> Server {
    run(tenantry(folder).args(["url", who])).trim().parse().unwrap()
}

/// Fills the tenant's tables, and makes the login that goes past the gateway.
fn make_direct(postgres: &Server) -> Server {
    let find = "SELECT d.datname || ' ' || r.rolname FROM pg_database d, pg_roles r
                WHERE d.datname LIKE 'bench\\_main\\_t\\_%' AND has_database_privilege(r.oid, d.oid, 'CONNECT')
                AND r.rolcanlogin AND NOT r.rolsuper AND r.rolname LIKE 't\\_%'";
    let found = psql(postgres, "postgres", find);
    let (database, role) = found.trim().split_once(' ').expect("one tenant with a database");
    psql(
        postgres,
        database,
        &format!(
            "CREATE ROLE {DIRECT} LOGIN PASSWORD '{PASSWORD}' IN ROLE \"{role}\";
             ALTER ROLE {DIRECT} SET search_path = app"
        ),
    );
    let mut superuser = postgres.clone();
    superuser.database = Some(database.to_owned());
    let mut fill = Command::new("pgbench");
    run(environment(&mut fill, &superuser)
        .env("PGOPTIONS", "-c search_path=app")
        .args(["-i", "-q", "-I", "gv", "-s", SCALE]));
    Server {
        user: DIRECT.to_owned(),
        password: tenantry_domain::Secret::new(PASSWORD.to_owned()),
        ..superuser
    }
}

/// Where the programs of libpq go.
pub fn environment<'a>(command: &'a mut Command, server: &Server) -> &'a mut Command {
    command
        .env("PGHOST", &server.host)
        .env("PGPORT", server.port.to_string())
        .env("PGUSER", &server.user)
        .env("PGPASSWORD", server.password.reveal())
        .env("PGDATABASE", server.database.as_deref().unwrap_or("postgres"))
}

fn psql(server: &Server, database: &str, sql: &str) -> String {
    let server = Server { database: Some(database.to_owned()), ..server.clone() };
    let mut command = Command::new("psql");
    run(environment(&mut command, &server).args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql]))
}

/// Runs a program that has to succeed, and returns what it said.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    out.into_owned()
}

fn make_certificate(folder: &Path) {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    run(Command::new("openssl").args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=localhost",
        "-keyout",
        &file("key.pem"),
        "-out",
        &file("certificate.pem"),
    ]));
    // PgBouncer reads them as another user. The key is of this run alone.
    for name in ["key.pem", "certificate.pem"] {
        readable_by_all(Path::new(&file(name)));
    }
}

/// Lets every user read a file, or a folder and the files in it.
pub fn readable_by_all(path: &Path) {
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(path).into_iter().flatten() {
        readable_by_all(&entry.unwrap().path());
    }
}

#[allow(clippy::disallowed_methods, reason = "there is no runtime here that it could block")]
pub fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
