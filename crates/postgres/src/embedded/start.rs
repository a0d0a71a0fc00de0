//! Starting the server as a child of ours, and waiting until it lets us in.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tenantry_domain::{Error, ErrorCode, Result};
use tokio::process::Child;

use super::adopt::{PidFile, greet, is_passing};
use super::find::Installation;
use super::log::{Moment, START_LOG, has_disk_full, last_lines};
use super::place::Place;
use super::{stop, tune};
use crate::error::io_error;
use crate::process::{Shutdown, signal};
use crate::server::Server;

/// Ports tried before giving up: between choosing one and the server's using it, another program may come.
const PORTS_TRIED_MAX: usize = 8;
/// Time for a start; recovery after a crash replays at most what `max_wal_size` holds.
const START_SECONDS_MAX: u64 = 900;
/// Time for sessions of a killed postmaster to notice and end.
const ORPHANS_SECONDS_MAX: u64 = 60;
const POLL: Duration = Duration::from_millis(20);

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// The postmaster's process number.
    pub(crate) pid: i32,
    /// Present where it is our own child, whose end must be fetched.
    pub(crate) child: Option<Child>,
}

impl Running {
    /// One that somebody else started.
    pub(crate) fn adopted(pid: i32) -> Self {
        Self { pid, child: None }
    }
}

/// Why a start came to nothing.
enum Failure {
    /// Another program has the port.
    PortTaken,
    /// Sessions of the postmaster before still live.
    Orphans(Error),
    /// Anything else.
    Final(Error),
}

/// Starts the server on the port it had before, or on another where that is taken.
pub(crate) async fn start(place: &Place, installation: &Installation) -> Result<(Running, Server)> {
    let orphans_until = Instant::now() + Duration::from_secs(ORPHANS_SECONDS_MAX);
    let mut ports_tried = 0;
    loop {
        let port = choose_port(if ports_tried == 0 { tune::last_port(place) } else { None })?;
        tune::write(place, installation, port)?;
        match attempt(place, installation, port).await {
            Ok(started) => return Ok(started),
            Err(Failure::PortTaken) if ports_tried < PORTS_TRIED_MAX => ports_tried += 1,
            Err(Failure::PortTaken) => {
                return Err(Error::new(
                    ErrorCode::PostgresStart,
                    format!("every one of {PORTS_TRIED_MAX} ports was taken before the server could use it"),
                ));
            }
            Err(Failure::Orphans(_)) if Instant::now() < orphans_until => tokio::time::sleep(POLL * 10).await,
            Err(Failure::Orphans(e) | Failure::Final(e)) => return Err(e),
        }
    }
}

/// The port of before if it is free, else a free one.
fn choose_port(last: Option<u16>) -> Result<u16> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|l| l.local_addr());
    let chosen = match last.map(free) {
        Some(Ok(address)) => Ok(address),
        Some(Err(_)) | None => free(0),
    };
    chosen
        .map(|address| address.port())
        .map_err(|e| Error::new(ErrorCode::PostgresStart, "find a free port on 127.0.0.1").because(e))
}

async fn attempt(
    place: &Place,
    installation: &Installation,
    port: u16,
) -> Result<(Running, Server), Failure> {
    let moment = Moment::now(place);
    let mut child = spawn(place, installation).map_err(Failure::Final)?;
    let pid = child.id().map_or(0, u32::cast_signed);
    match wait(place, &mut child, pid, port).await {
        Ok(server) => Ok((Running { pid, child: Some(child) }, server)),
        Err(e) => {
            if let Ok(None) = child.try_wait() {
                let _ = signal(pid, Shutdown::Immediate);
                let _ = stop::wait_gone(pid, Some(&mut child), Duration::from_secs(10)).await;
                let _ = child.start_kill();
            }
            Err(explain(place, &moment.said_since(), e))
        }
    }
}

fn spawn(place: &Place, installation: &Installation) -> Result<Child> {
    let path = place.file(START_LOG);
    let printed = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| io_error(e, "write", &path))?;
    let program = installation.program("postgres");
    let mut command = place.user.command(&program, &place.data);
    command
        .arg("-D")
        .arg(&place.data)
        .stdout(Stdio::null())
        .stderr(printed)
        // A group of its own: Ctrl-C at the terminal reaches us alone, and we stop the server in order.
        .process_group(0);
    command.spawn().map_err(|e| io_error(e, "run", &program))
}

/// Waits until the server lets us in; the error tells what happened instead.
async fn wait(place: &Place, child: &mut Child, pid: i32, port: u16) -> Result<Server> {
    let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    let mut said_at = Instant::now();
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                return Err(Error::new(ErrorCode::PostgresStart, format!("the server ended with {status}")));
            }
            Err(e) => return Err(io_error(e, "wait for the server in", &place.data)),
        }
        let is_ready = PidFile::read(&place.data)?.is_some_and(|f| f.pid == pid && f.status == "ready");
        if is_ready {
            match greet(place, port).await {
                Ok(server) => return Ok(server),
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(e),
            }
        }
        if Instant::now() > deadline {
            return Err(Error::new(ErrorCode::PostgresStart, "the server did not become ready in time"));
        }
        if said_at.elapsed() > Duration::from_secs(10) {
            said_at = Instant::now();
            tracing::info!("the server still starts; after a crash it recovers first");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Finds the reason in what the server said.
fn explain(place: &Place, said: &str, e: Error) -> Failure {
    if has_disk_full(said) {
        return Failure::Final(Error::new(
            ErrorCode::DiskFull,
            format!("start PostgreSQL in {}:\n{}", place.data.display(), last_lines(said)),
        ));
    }
    if said.contains("could not bind IPv4 address") || said.contains("could not create any TCP/IP sockets") {
        return Failure::PortTaken;
    }
    let lines = last_lines(said);
    let error = if e.code() == ErrorCode::PostgresStart && !lines.is_empty() {
        Error::new(ErrorCode::PostgresStart, format!("{}; its log ends with:\n{lines}", e.message()))
    } else {
        e
    };
    let error = error
        .context(format!("start PostgreSQL in {}", place.data.display()))
        .help(format!("the whole log lies in {}", place.data.join(super::log::LOG_FOLDER).display()));
    if said.contains("pre-existing shared memory block") {
        return Failure::Orphans(error.help(
            "processes of a killed server still run on the data (`ps aux | grep postgres`): end them, then try again",
        ));
    }
    Failure::Final(error)
}

/// Removes what a start leaves behind in `DIR/.tenantry`.
pub(crate) fn tidy(place: &Place) {
    let _ = fs::remove_file(place.file(START_LOG));
}
