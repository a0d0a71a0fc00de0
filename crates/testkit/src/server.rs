//! One PostgreSQL for all tests of a run, whatever process they run in.
//!
//! The first test starts it, the others adopt it, and a small watcher stops it once no test process has used
//! it for a while: a test process can't know whether another one follows. Its data stays in the machine's
//! temporary folder, one per version, so that the next run need not initialise it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{
    Embedded, EmbeddedOptions, Installation, Mode, Version, find_installation,
};
use tenantry_postgres::server::Server;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use crate::sweep;

/// Names the binaries of another version.
pub const BIN_VARIABLE: &str = "TENANTRY_TEST_PG_BIN";
/// The server stops when no test process has lived for this long.
const IDLE_MINUTES: u32 = 20;
/// How often a test process says that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// How often the server is opened before a test gives up.
const OPENINGS_MAX: usize = 5;

/// Quick instead of durable, and small.
const SETTINGS: &str = "\
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 128MB
max_connections = 400
max_wal_size = 4GB
checkpoint_timeout = 30min
";

/// The server of this run.
pub struct TestServer {
    server: Server,
    version: Version,
    /// Never closed: see the module.
    _embedded: Embedded,
}

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// The server of this run; started if it does not run.
pub async fn server() -> &'static TestServer {
    SERVER.get_or_init(TestServer::start).await
}

/// The binaries that tests use: those of `TENANTRY_TEST_PG_BIN`, else those that Tenantry finds.
pub async fn installation() -> Installation {
    let bin = test_bin();
    find_installation(bin.as_deref()).await.expect("PostgreSQL for tests")
}

fn test_bin() -> Option<PathBuf> {
    std::env::var_os(BIN_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from)
}

impl TestServer {
    async fn start() -> Self {
        let installation = installation().await;
        let directory = directory(&installation);
        fs::create_dir_all(&directory).expect("the test server's folder");
        let used = directory.join("used");
        sign_of_life(&used);
        let settings = directory.join("postgres.conf");
        if fs::read_to_string(&settings).ok().as_deref() != Some(SETTINGS) {
            fs::write(&settings, SETTINGS).expect("the test server's settings");
        }
        let options = EmbeddedOptions {
            directory: directory.clone(),
            bin: Some(installation.bin.clone()),
            mode: Mode::Shared,
        };
        for _ in 0..OPENINGS_MAX {
            let embedded = Embedded::open(options.clone()).await.expect("the test server");
            let postmaster = embedded.postmaster().await.expect("it is open");
            watch(&directory, postmaster, &used);
            let server = embedded.server();
            // A watcher may have decided to stop it just before this process said that it lives.
            if connect(&server, "postgres", "test").await.is_ok() {
                sweep::in_background(server.clone());
                return Self { server, version: installation.version, _embedded: embedded };
            }
        }
        panic!("the test server was stopped {OPENINGS_MAX} times while it was being opened")
    }

    /// The server with its superuser's login.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// A superuser's connection to a database.
    pub async fn connect(&self, database: &str) -> Client {
        connect(&self.server, database, "test").await.expect("connect to the test server")
    }
}

/// One folder per user and installation: a data directory is bound to both.
fn directory(installation: &Installation) -> PathBuf {
    let hash = Sha256::digest(installation.bin.as_os_str().as_encoded_bytes());
    let name = format!("{}-{:02x}{:02x}{:02x}", installation.version, hash[0], hash[1], hash[2]);
    home().join(name)
}

/// Where tests keep what later tests need, one folder per user.
pub(crate) fn home() -> PathBuf {
    let owner = fs::metadata("/proc/self").map_or(0, |m| std::os::unix::fs::MetadataExt::uid(&m));
    std::env::temp_dir().join(format!("tenantry-test-{owner}"))
}

/// Says now and again that a test process lives.
fn sign_of_life(used: &Path) {
    touch(used);
    let used = used.to_owned();
    std::thread::spawn(move || {
        loop {
            // A thread of its own, since tests block their runtimes as they like.
            std::thread::park_timeout(SIGN_OF_LIFE);
            touch(&used);
        }
    });
}

fn touch(path: &Path) {
    let file: File =
        OpenOptions::new().create(true).append(true).open(path).expect("the test server's sign of life");
    file.set_modified(SystemTime::now()).expect("the test server's sign of life");
}

/// Starts the watcher of a postmaster, once. It outlives us, and ends with the postmaster.
fn watch(directory: &Path, postmaster: i32, used: &Path) {
    let claim = directory.join(format!("watched-{postmaster}"));
    if OpenOptions::new().write(true).create_new(true).open(&claim).is_err() {
        return;
    }
    let script = format!(
        "(while kill -0 \"$1\" 2>/dev/null; do
           sleep 10
           [ -e \"$2\" ] && [ -n \"$(find \"$2\" -mmin -{IDLE_MINUTES})\" ] && continue
           kill -INT \"$1\" 2>/dev/null; break
         done
         rm -f \"$3\") &"
    );
    Command::new("/bin/sh")
        .args(["-c", &script, "tenantry-test-watch"])
        .arg(postmaster.to_string())
        .arg(used)
        .arg(&claim)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        // The shell leaves the loop behind and ends at once.
        .status()
        .expect("the test server's watcher");
}
