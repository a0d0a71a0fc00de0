//! A throw-away PostgreSQL for this run of the tests, on loopback and a free port.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::sync::OnceCell;

static PORT: OnceCell<u16> = OnceCell::const_new();

/// The port of the run's server; the first caller starts it.
pub async fn port() -> u16 {
    *PORT.get_or_init(|| async { tokio::task::spawn_blocking(start).await.expect("the server starts") }).await
}

/// The superuser's URL of a database.
pub async fn superuser(database: &str) -> String {
    url("postgres", database).await
}

/// The URL of a role and database.
pub async fn url(role: &str, database: &str) -> String {
    format!("postgres://{role}:secret@127.0.0.1:{}/{database}", port().await)
}

/// The folder of the client programs of a version that fits the server's.
pub fn bin() -> PathBuf {
    if let Some(dir) = std::env::var_os("TENANTRY_PG_BIN") {
        return dir.into();
    }
    let installed = (15..=18).rev().map(|v| PathBuf::from(format!("/usr/lib/postgresql/{v}/bin")));
    installed.into_iter().find(|d| d.join("initdb").exists()).expect("PostgreSQL 15 to 18 is installed")
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = other_user() {
        command.uid(uid).gid(gid);
    }
    command
}

fn other_user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let out = Command::new("id").args(args).output().expect("id runs").stdout;
        String::from_utf8(out).expect("digits").trim().parse::<u32>().expect("a number")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn start() -> u16 {
    let folder = tempfile::Builder::new().prefix("tenantry-lab-").tempdir().expect("a folder").keep();
    if let Some((uid, gid)) = other_user() {
        chown(&folder, Some(uid), Some(gid)).expect("the folder is given away");
    }
    let data = folder.join("data");
    let made = unprivileged(&bin().join("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"])
        .output()
        .expect("initdb runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    watch(&folder, &data, port);
    port
}

/// Runs the server under a shell that ends it when this process ends, however that happens: the shell waits for the end
/// of its input, which only this process holds open.
fn watch(folder: &Path, data: &Path, port: u16) {
    let script = r#"
        "$1/postgres" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
            -c full_page_writes=off -c max_connections=300 -c max_locks_per_transaction=256 -c wal_level=logical \
            -c autovacuum=off -c shared_preload_libraries="$5" >"$4/log" 2>&1 </dev/null &
        server=$!
        cat >/dev/null
        kill -QUIT $server; wait $server
        rm -rf "$4"
    "#;
    let libraries = ["../lib", "../lib/postgresql"].map(|l| bin().join(l).join("pg_stat_statements.so"));
    let preload = if libraries.iter().any(|l| l.exists()) { "pg_stat_statements" } else { "" };
    let mut shell = unprivileged(Path::new("/bin/sh"))
        .args(["-c", script, "sh"])
        .args([bin().as_path(), data])
        .arg(port.to_string())
        .arg(folder)
        .arg(preload)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the server starts");
    // Held open as long as this process lives: the thread ends with it, and never before the shell.
    let held = shell.stdin.take();
    std::thread::spawn(move || {
        let ended = shell.wait();
        drop(held);
        ended
    });
    let begun = std::time::Instant::now();
    let status = data.join("postmaster.pid");
    while !std::fs::read_to_string(&status).is_ok_and(|s| s.contains("ready")) {
        assert!(begun.elapsed().as_secs() < 30, "the server does not answer; see {}", folder.display());
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
