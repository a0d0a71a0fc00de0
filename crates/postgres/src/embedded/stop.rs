//! Stopping the server: in order within a time limit, then at once.

use std::time::{Duration, Instant};

use tenantry_domain::{Error, ErrorCode, Result};
use tokio::process::Child;

use super::adopt;
use super::place::Place;
use super::start::{Running, tidy};
use crate::error::io_error;
use crate::process::{Life, Shutdown, look, signal};

/// Time for sessions to end and the checkpoint to be written.
const FAST_SECONDS_MAX: u64 = 60;
/// Time for the processes to go without a checkpoint; the next start recovers.
const IMMEDIATE_SECONDS_MAX: u64 = 15;
const POLL: Duration = Duration::from_millis(10);

/// Stops the server and waits until it is gone.
pub(crate) async fn stop(place: &Place, mut running: Running) -> Result<()> {
    let steps = [
        (Shutdown::Fast, FAST_SECONDS_MAX),
        (Shutdown::Immediate, IMMEDIATE_SECONDS_MAX),
        (Shutdown::Kill, IMMEDIATE_SECONDS_MAX),
    ];
    // Ours may have been killed, and another process have started the one that runs now. Where none runs, the
    // number may belong to another program.
    match adopt::server_on(place)? {
        Some(pid) if pid == running.pid => {}
        Some(pid) => running = Running::adopted(pid),
        None if running.child.is_none() => return Ok(()),
        None => {}
    }
    for (how, seconds) in steps {
        signal(running.pid, how).map_err(|e| io_error(e, "stop the server in", &place.data))?;
        if wait_gone(running.pid, running.child.as_mut(), Duration::from_secs(seconds)).await {
            tidy(place);
            return Ok(());
        }
        tracing::warn!("the server did not stop within {seconds} s of the {how:?} signal");
    }
    Err(Error::new(ErrorCode::Internal, format!("the server (process {}) does not end", running.pid)))
}

/// Tells the server to stop, without waiting.
pub(crate) fn ask(running: &Running) {
    if running.child.is_some() || matches!(look(running.pid), Life::Runs(_)) {
        let _ = signal(running.pid, Shutdown::Fast);
    }
}

/// Waits until a process is gone; whether it is.
pub(crate) async fn wait_gone(pid: i32, child: Option<&mut Child>, limit: Duration) -> bool {
    if let Some(child) = child {
        return matches!(tokio::time::timeout(limit, child.wait()).await, Ok(Ok(_)));
    }
    let deadline = Instant::now() + limit;
    while look(pid) != Life::Gone {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}
