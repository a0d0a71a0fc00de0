//! Who may do what with a directory at one time.
//!
//! Three locks of the kernel, which end with their process however it ends: `serve.lock` (one `up` or
//! `serve`), `users.lock` (held shared by everyone who uses the server: whoever gets it alone is the last) and
//! `start.lock` (held while looking, initialising, starting and stopping, so that two never do so at once).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use tenantry_domain::{Error, ErrorCode, Result};

use super::Mode;
use super::place::Place;
use crate::error::io_error;

/// Longest wait for another process that initialises, recovers or stops the server.
const TURN_SECONDS_MAX: u64 = 900;
/// Time between two looks at a lock.
const TURN_POLL: Duration = Duration::from_millis(20);

/// The locks that a process holds; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Locks {
    place: Place,
    users: File,
    /// Held for its lock alone.
    _serve: Option<File>,
}

/// The right to start or stop the server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[allow(dead_code, reason = "held for its lock alone")] File);

impl Locks {
    /// Enters a directory; in [`Mode::Exclusive`] as the only one of its kind.
    pub(crate) fn enter(place: &Place, mode: Mode) -> Result<Self> {
        let serve = match mode {
            Mode::Exclusive => Some(serve_lock(place)?),
            Mode::Shared => None,
        };
        Ok(Self { place: place.clone(), users: open(place, "users.lock")?, _serve: serve })
    }

    /// Waits until no other process starts or stops the server.
    pub(crate) async fn wait_for_turn(&self) -> Result<Turn> {
        let deadline = Instant::now() + Duration::from_secs(TURN_SECONDS_MAX);
        loop {
            if let Some(turn) = self.try_turn()? {
                return Ok(turn);
            }
            if Instant::now() > deadline {
                return Err(Error::new(
                    ErrorCode::DirectoryInUse,
                    format!("another process starts or stops the server in {}", self.place.root.display()),
                ));
            }
            tokio::time::sleep(TURN_POLL).await;
        }
    }

    /// The right to start or stop the server, if it is free.
    pub(crate) fn try_turn(&self) -> Result<Option<Turn>> {
        let file = open(&self.place, "start.lock")?;
        Ok(try_lock(&self.place, &file)?.then_some(Turn(file)))
    }

    /// From now on we are among the users. Call with a [`Turn`] in hand.
    pub(crate) fn use_server(&mut self) -> Result<()> {
        // Nobody holds this lock alone without a turn, so this does not wait.
        self.users.lock_shared().map_err(|e| io_error(e, "lock", &self.place.file("users.lock")))
    }

    /// Leaves the users, and tells whether nobody is left. Call with a [`Turn`] in hand.
    pub(crate) fn is_last_user(&mut self) -> Result<bool> {
        self.users.unlock().map_err(|e| io_error(e, "unlock", &self.place.file("users.lock")))?;
        try_lock(&self.place, &self.users)
    }
}

fn serve_lock(place: &Place) -> Result<File> {
    let mut file = open(place, "serve.lock")?;
    let path = place.file("serve.lock");
    if !try_lock(place, &file)? {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
        return Err(Error::new(
            ErrorCode::DirectoryInUse,
            format!("the directory {} is in use by {}", place.root.display(), holder.trim()),
        ));
    }
    let text = format!("process {} ({})", std::process::id(), command());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(|e| io_error(e, "write", &path))?;
    Ok(file)
}

/// Program and subcommand, no more: further arguments can hold secrets.
fn command() -> String {
    let mut args = std::env::args();
    let program = args.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    match args.next().filter(|arg| arg.chars().all(|c| c.is_ascii_lowercase())) {
        Some(subcommand) => format!("{program} {subcommand}"),
        None => program,
    }
}

fn open(place: &Place, name: &str) -> Result<File> {
    let path = place.file(name);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| io_error(e, "open", &path))
}

fn try_lock(place: &Place, file: &File) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => Err(io_error(e, "lock a file in", &place.root)),
    }
}
