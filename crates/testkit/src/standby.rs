//! A primary of a test's own and a replica that follows it by streaming, both on the loopback address.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Installation, Mode};
use tenantry_postgres::server::Server;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::server::{home, installation};

/// Quick instead of durable, and small; a query that stands in the way of what is replayed is cancelled at once.
const SETTINGS: &str = "\
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 100
max_standby_streaming_delay = 0
wal_receiver_timeout = 5s
";
/// Time for a replica to let somebody in.
const START: Duration = Duration::from_secs(30);

/// Both of them. They end with it, and what they had on the disk goes.
pub struct Pair {
    /// The primary.
    pub primary: Server,
    /// The replica, which may be stopped and started.
    pub replica: Replica,
    _embedded: Embedded,
    _folder: TempDir,
}

/// A replica.
pub struct Replica {
    server: Server,
    installation: Installation,
    data: PathBuf,
    user: (u32, u32),
    postmaster: Option<Child>,
}

impl Pair {
    /// Makes and starts them.
    pub async fn start() -> Self {
        let installation = installation().await;
        fs::create_dir_all(home()).unwrap();
        let folder = tempfile::Builder::new().prefix("pair-").tempdir_in(home()).unwrap();
        // The server's user has to pass to its data.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let directory = folder.path().join("primary");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("postgres.conf"), SETTINGS).unwrap();
        let bin = Some(installation.bin.clone());
        let options = EmbeddedOptions { directory, bin, mode: Mode::Exclusive };
        let embedded = Embedded::open(options).await.expect("a primary");
        let primary = embedded.server();
        let data = embedded.data_directory();
        let owner = fs::metadata(data).unwrap();
        let user = (owner.uid(), owner.gid());
        let replica = Replica::copy(&primary, installation, folder.path(), user).await;
        Self { primary, replica, _embedded: embedded, _folder: folder }
    }
}

impl Replica {
    async fn copy(primary: &Server, installation: Installation, folder: &Path, user: (u32, u32)) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let data = folder.join("replica");
        fs::create_dir(&data).unwrap();
        std::os::unix::fs::chown(&data, Some(user.0), Some(user.1)).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        let server = Server { port, ..primary.clone() };
        let mut replica = Self { server, installation, data, user, postmaster: None };
        let mut copying = replica.command("pg_basebackup");
        copying.args(["-h", "127.0.0.1", "-U", &primary.user, "-c", "fast", "-X", "stream", "-R", "-D"]);
        copying.arg(&replica.data).args(["-p", &primary.port.to_string()]);
        copying.env("PGPASSWORD", primary.password.reveal());
        let done = tokio::task::spawn_blocking(move || copying.output()).await.unwrap().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        replica.start().await;
        replica
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.installation.bin.join(program));
        command.current_dir(&self.data).stdin(Stdio::null()).env("LC_ALL", "C");
        // Who may become somebody else must: PostgreSQL refuses root.
        if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            command.uid(self.user.0).gid(self.user.1);
        }
        command
    }

    /// The server with its superuser's login.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Starts it where it was left, and waits until it lets somebody in.
    pub async fn start(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data).args(["-c", &format!("port={}", self.server.port)]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.postmaster = Some(command.spawn().expect("a replica"));
        let is_up = async {
            while connect(&self.server, "postgres", "test").await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(START, is_up).await.expect("the replica starts");
    }

    /// Kills it; its sessions are cut off.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        // It takes its sessions along at once. Killed outright it would leave them behind.
        let quit = Command::new("kill").args(["-QUIT", &postmaster.id().to_string()]).status();
        assert!(quit.is_ok_and(|status| status.success()), "kill the replica");
        postmaster.wait().expect("the replica's end");
    }

    /// A superuser's connection.
    pub async fn connect(&self) -> Client {
        connect(&self.server, "postgres", "test").await.expect("connect to the replica")
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}
