//! A server that runs already: adopted; one that died: cleared away, so that the next can start.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tenantry_domain::{Error, ErrorCode, Result};
use tokio_postgres::Client;

use super::SUPERUSER;
use super::place::Place;
use super::start::Running;
use crate::connect::connect;
use crate::error::{db_error, io_error};
use crate::process::{Life, look};
use crate::server::Server;

/// Time that a server which is on its way down, or up, is waited for.
const SETTLE_SECONDS_MAX: u64 = 600;
const POLL: Duration = Duration::from_millis(20);

/// What `postmaster.pid` says (PostgreSQL, `pidfile.h`: one fact per line).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: i32,
    pub(crate) data: PathBuf,
    pub(crate) port: Option<u16>,
    /// `starting`, `stopping`, `ready` or `standby`; empty before the first.
    pub(crate) status: String,
}

impl PidFile {
    /// Reads the file; `None` where there is none, or not yet a whole one.
    pub(crate) fn read(data: &Path) -> Result<Option<Self>> {
        let file = path(data);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io_error(e, "read", &file)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        // A standalone backend writes its number negated.
        let pid = lines.next()?.trim().parse::<i32>().ok()?.checked_abs()?;
        let data = lines.next()?.into();
        let port = lines.nth(1).and_then(|l| l.trim().parse().ok());
        let status = lines.nth(3).unwrap_or_default().trim().to_owned();
        Some(Self { pid, data, port, status })
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Who the number in `postmaster.pid` belongs to.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    /// A server on this data.
    Server,
    /// Nobody, or another program that was given the number since.
    Stale,
    /// It lives, and the system does not show what it is.
    Unknown,
}

fn holder(pid: i32, data: &Path) -> Holder {
    match look(pid) {
        Life::Gone => Holder::Stale,
        Life::Hidden => Holder::Unknown,
        Life::Runs(args) if is_server_on(&args, data) => Holder::Server,
        Life::Runs(_) => Holder::Stale,
    }
}

/// Whether a command line is a postmaster's on this data (`postgres -D DATA`).
fn is_server_on(args: &[String], data: &Path) -> bool {
    let program = args.first().and_then(|arg| Path::new(arg).file_name());
    if !program.is_some_and(|name| name == "postgres" || name == "postmaster") {
        return false;
    }
    let named = args.iter().position(|arg| arg == "-D").and_then(|at| args.get(at + 1));
    named.is_some_and(|named| {
        Path::new(named).canonicalize().is_ok_and(|named| named == data) || data == Path::new(named)
    })
}

/// The postmaster that lives on this data, if one does and the system shows it, or hides what it is.
pub(crate) fn server_on(place: &Place) -> Result<Option<i32>> {
    let pid = PidFile::read(&place.data)?.map(|file| file.pid);
    Ok(pid.filter(|pid| holder(*pid, &place.data) != Holder::Stale))
}

/// The server that runs on this data, if one does; a stale `postmaster.pid` is made harmless.
pub(crate) async fn running(place: &Place) -> Result<Option<(Running, Server)>> {
    if !place.is_initialised() {
        return Ok(None);
    }
    let deadline = Instant::now() + Duration::from_secs(SETTLE_SECONDS_MAX);
    loop {
        let Some(file) = PidFile::read(&place.data)? else {
            remove_unreadable(place)?;
            return Ok(None);
        };
        let holder = holder(file.pid, &place.data);
        if holder == Holder::Stale {
            make_harmless(place)?;
            return Ok(None);
        }
        let ready = file.port.filter(|_| file.status == "ready");
        if let Some(port) = ready {
            match greet(place, port).await {
                Ok(server) => return Ok(Some((Running::adopted(file.pid), server))),
                Err(e) if holder == Holder::Unknown => {
                    tracing::debug!(error = ?e, "what postmaster.pid names is no server of ours");
                    make_harmless(place)?;
                    return Ok(None);
                }
                // It went away in this very moment, or comes back from a crash of one of its sessions.
                Err(e) if e.code() != ErrorCode::ConnectionLost && !is_passing(&e) => return Err(e),
                Err(_) => {}
            }
        }
        if Instant::now() > deadline {
            return Err(Error::new(
                ErrorCode::PostgresStart,
                format!("the server (process {}) runs but does not become ready", file.pid),
            )
            .help(format!(
                "look at its log in {}, or end it: kill -QUIT {}",
                place.data.display(),
                file.pid
            )));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Connects as the superuser and makes sure that it is this data's server: its password is random, and the
/// login proves both sides know it.
pub(crate) async fn greet(place: &Place, port: u16) -> Result<Server> {
    let server = Server::local(port, SUPERUSER, place.password()?);
    let client = connect(&server, "postgres", "tenantry").await?;
    let data = data_directory(&client).await?;
    if data.canonicalize().is_ok_and(|data| data == place.data) || data == place.data {
        return Ok(server);
    }
    Err(Error::new(
        ErrorCode::PostgresStart,
        format!("port {port} belongs to a server on {}, not on {}", data.display(), place.data.display()),
    ))
}

async fn data_directory(client: &Client) -> Result<PathBuf> {
    let row = client
        .query_one("SHOW data_directory", &[])
        .await
        .map_err(|e| db_error(e, "ask the server for its data directory"))?;
    Ok(row.get::<_, String>(0).into())
}

/// Whether a refusal ends by itself: the server starts, stops or recovers, or has just gone.
pub(crate) fn is_passing(e: &Error) -> bool {
    match crate::error::sqlstate(e) {
        Some(state) => matches!(state, "57P03" | "57P01" | "57P02" | "53300"),
        None => matches!(e.code(), ErrorCode::ServerUnreachable | ErrorCode::ConnectionLost),
    }
}

/// A file without a number is left by a crash of the machine; PostgreSQL refuses to start beside it. Nobody
/// is writing it just now: that needs the turn which we have.
fn remove_unreadable(place: &Place) -> Result<()> {
    let file = path(&place.data);
    match fs::remove_file(&file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io_error(e, "remove", &file)),
        _ => Ok(()),
    }
}

/// Makes the next server take `postmaster.pid` for its own.
///
/// PostgreSQL refuses to start while the number in the file belongs to any living process of its user. The
/// file is not removed: the next server finds in it the shared memory of the one before, and refuses while an
/// orphan of that still uses it. The number of its parent, which is us, it takes for its own.
fn make_harmless(place: &Place) -> Result<()> {
    let file = path(&place.data);
    let text = fs::read_to_string(&file).map_err(|e| io_error(e, "read", &file))?;
    let (_, rest) = text.split_once('\n').unwrap_or((&text, ""));
    place.write(&file, &format!("{}\n{rest}", std::process::id()), place.user)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn reads_a_pid_file() {
        let text = "4711\n/data\n1700000000\n5433\n\n127.0.0.1\n 123 456\nready   \n";
        let file = PidFile::parse(text).unwrap();
        assert_eq!((file.pid, file.port, file.status.as_str()), (4711, Some(5433), "ready"));
        assert_eq!(file.data, Path::new("/data"));
        assert_eq!(PidFile::parse("4711\n/data\n1\n5433\n\n").unwrap().status, "");
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("x\n/data"), None);
    }

    #[test]
    fn tells_servers_from_other_programs() {
        let data = Path::new("/nowhere/data");
        let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_server_on(&args("/usr/bin/postgres -D /nowhere/data"), data));
        assert!(!is_server_on(&args("/usr/bin/postgres -D /nowhere/other"), data));
        assert!(!is_server_on(&args("vi -D /nowhere/data"), data));
        assert!(!is_server_on(&args("postgres: checkpointer"), data));
        assert!(!is_server_on(&[], data));
    }
}
