//! A throw-away server for this binary: `TENANTRY_TEST_URL`, or one of our own that ends with the process.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};

struct Server {
    url: String,
    /// Its standard input holds the server: when we end, the shell reads the end of file and stops it.
    _shell: Option<Child>,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

const SCRIPT: &str = r#"
set -e
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
"$BIN/initdb" -D "$data" -U postgres -A trust --no-sync -E UTF8 --locale=C > "$data.log" 2>&1 || { cat "$data.log" >&2; exit 1; }
rm "$data.log"
"$BIN/postgres" -D "$data" -p "$PORT" -k "$data" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=50 \
    > /dev/null 2>&1 &
pid=$!
cat > /dev/null
kill -INT $pid
wait $pid || true
"#;

fn bin() -> PathBuf {
    if let Some(bin) = std::env::var_os("TENANTRY_PG_BIN") {
        return bin.into();
    }
    let mut found: Vec<_> =
        std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found.pop().expect("no PostgreSQL is installed").join("bin")
}

fn start() -> Server {
    if let Ok(url) = std::env::var("TENANTRY_TEST_URL") {
        return Server { url, _shell: None };
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).env("BIN", bin()).env("PORT", port.to_string()).stdin(Stdio::piped());
    command.current_dir("/");
    // PostgreSQL refuses to run as root.
    let id = |args: &[&str]| {
        let out = Command::new("id").args(args).output().unwrap();
        String::from_utf8(out.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    if id(&["-u"]) == 0 {
        command.uid(id(&["-u", "postgres"])).gid(id(&["-g", "postgres"]));
    }
    let shell = command.spawn().unwrap();
    Server { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _shell: Some(shell) }
}

async fn connect(database: Option<&str>) -> Client {
    let server = SERVER.get_or_init(start);
    let mut config: Config = server.url.parse().unwrap();
    if let Some(name) = database {
        config.dbname(name);
    }
    for _ in 0..300 {
        if let Ok((client, connection)) = config.connect(NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the test server does not answer");
}

/// A superuser's connection to a new database with the usual schemas.
pub async fn database() -> Client {
    let name = format!("catalog_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let admin = connect(None).await;
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let client = connect(Some(&name)).await;
    client
        .batch_execute(
            "CREATE SCHEMA global; CREATE SCHEMA extensions; CREATE SCHEMA template;
             CREATE TABLE global.countries (code char(2) PRIMARY KEY, name text);
             INSERT INTO global.countries VALUES ('ch', 'Schweiz'), ('in', 'Bharat');
             CREATE FUNCTION extensions.shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
             GRANT USAGE ON SCHEMA global, extensions TO PUBLIC; GRANT SELECT, REFERENCES ON global.countries TO PUBLIC",
        )
        .await
        .unwrap();
    client
}
