//! A private PostgreSQL for one folder: found, initialised, started, adopted and stopped by Tenantry.
//!
//! Everything lies below `DIR/.tenantry`: the data (`postgres/`), the superuser's password, the locks, and
//! `postgres.conf` for settings of the operator's own. The server listens on the loopback address alone and
//! lets in passwords alone. It outlives the process that started it: whoever comes next adopts it, and whoever
//! leaves last stops it.

use std::path::{Path, PathBuf};

use tenantry_domain::{Result, Secret};
use tokio::sync::Mutex;

use crate::server::Server;

mod adopt;
mod download;
mod find;
mod init;
mod lock;
mod log;
mod place;
mod start;
mod stop;
mod tune;
mod user;

use lock::Locks;
use place::Place;
use start::Running;

pub use find::{Installation, Version};

/// The superuser of an embedded server.
pub const SUPERUSER: &str = "tenantry";

/// What an embedded server is opened with.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Where its state lies, such as `DIR/.tenantry`; created where it is missing.
    pub directory: PathBuf,
    /// The folder with PostgreSQL's binaries; `TENANTRY_PG_BIN` and the usual places where absent.
    pub bin: Option<PathBuf>,
    /// How many processes may use the directory at once.
    pub mode: Mode,
}

/// How a process uses the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `up` and `serve`: a second one is refused.
    Exclusive,
    /// Commands: any number, beside an exclusive one too.
    Shared,
}

/// A running private server. Call [`Embedded::close`] when done with it.
#[derive(Debug)]
pub struct Embedded {
    server: Server,
    place: Place,
    /// `None` once closed.
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    running: Running,
    locks: Locks,
}

impl Embedded {
    /// Opens the directory's server: uses the one that runs, else starts it, initialising it first where
    /// there is none.
    ///
    /// # Errors
    /// `DirectoryInUse` names the process that has the directory, `PostgresMissing` what to install,
    /// `PostgresVersion` the versions of directory and binaries, `PostgresStart` the last lines of the log,
    /// `DiskFull` that there is no space.
    pub async fn open(options: EmbeddedOptions) -> Result<Self> {
        let place = Place::prepare(&options.directory)?;
        let mut locks = Locks::enter(&place, options.mode)?;
        let turn = locks.wait_for_turn().await?;
        locks.use_server()?;
        let (running, server) = match adopt::running(&place).await? {
            Some(found) => found,
            None => begin(&place, options.bin.as_deref()).await?,
        };
        drop(turn);
        Ok(Self { server, place, held: Mutex::new(Some(Held { running, locks })) })
    }

    /// The server with its superuser's login.
    pub fn server(&self) -> Server {
        self.server.clone()
    }

    /// The URL of a database for the superuser, password included.
    pub fn url(&self, database: &str) -> Secret {
        self.server.url(database)
    }

    /// The folder that holds the data; elsewhere than asked for when the server's user may not enter there.
    pub fn data_directory(&self) -> &Path {
        &self.place.data
    }

    /// The postmaster's process number; `None` once closed.
    pub async fn postmaster(&self) -> Option<i32> {
        self.held.lock().await.as_ref().map(|held| held.running.pid)
    }

    /// Leaves the server, and stops it if no other process uses it. Closing again does nothing.
    ///
    /// # Errors
    /// When the server can't be signalled; the directory is left all the same.
    pub async fn close(&self) -> Result<()> {
        let Some(Held { running, mut locks }) = self.held.lock().await.take() else { return Ok(()) };
        let _turn = locks.wait_for_turn().await?;
        if locks.is_last_user()? {
            stop::stop(&self.place, running).await?;
        }
        Ok(())
    }
}

impl Drop for Embedded {
    /// An error or a panic on the way: the server is told to stop, if nobody else uses it, without waiting.
    fn drop(&mut self) {
        let Some(Held { running, mut locks }) = self.held.get_mut().take() else { return };
        let Ok(Some(_turn)) = locks.try_turn() else { return };
        if matches!(locks.is_last_user(), Ok(true)) {
            stop::ask(&running);
        }
    }
}

/// The installation that a new directory would be served by.
///
/// # Errors
/// As [`Embedded::open`]: `PostgresMissing`, `PostgresVersion`.
pub async fn find_installation(bin: Option<&Path>) -> Result<Installation> {
    find::installation(bin, None).await
}

async fn begin(place: &Place, bin: Option<&Path>) -> Result<(Running, Server)> {
    let installation = find::installation(bin, place.data_major()?).await?;
    place.user.check_can_run(&installation)?;
    if !place.is_initialised() {
        init::initialise(place, &installation).await?;
    }
    start::start(place, &installation).await
}
