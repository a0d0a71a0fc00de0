//! A folder with an embedded server, and small means to look at and disturb it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tenantry_domain::Result;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tokio_postgres::Client;

pub(super) struct Folder {
    temp: TempDir,
}

impl Folder {
    /// One that the server's user can enter.
    pub(super) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { temp }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(".tenantry")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path().join("postgres")
    }

    pub(super) async fn open(&self, mode: Mode) -> Result<Embedded> {
        let bin = Some(tenantry_testkit::server::installation().await.bin);
        Embedded::open(EmbeddedOptions { directory: self.path(), bin, mode }).await
    }

    /// Opens alone, which must work.
    pub(super) async fn up(&self) -> Embedded {
        self.open(Mode::Exclusive).await.unwrap()
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }
}

pub(super) async fn client(embedded: &Embedded) -> Client {
    connect(&embedded.server(), "postgres", "test").await.unwrap()
}

pub(super) async fn one(client: &Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Sends a signal as the shell does.
pub(super) fn kill(signal: &str, pid: i32) {
    let status = Command::new("/bin/sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(status.success(), "kill -{signal} {pid}");
}

pub(super) fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !matches!(stat.rsplit(") ").next().and_then(|s| s.chars().next()), None | Some('Z' | 'X'))
}

/// Waits until something is so; a minute is more than any of it takes.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The owner of the data: whom the server runs as.
pub(super) fn owner(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().uid()
}
