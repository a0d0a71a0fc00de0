//! Ctrl-C and SIGTERM: the first asks to stop, the second insists.

use std::process::ExitCode;

use tenantry_domain::{ErrorCode, Result, ResultExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Nothing: go on.
    None,
    /// Finish what is in hand and stop.
    Stop,
    /// Stop at once.
    Force,
}

/// Both signals.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let on = |kind| signal(kind).code(ErrorCode::Io, "listen for signals");
        Ok(Self { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    /// Waits for one; tells its number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
        }
    }
}

/// From now on signals don't end the process but change what is wished.
///
/// # Errors
/// `io`.
pub fn listen() -> Result<watch::Receiver<Wish>> {
    let mut signals = Signals::new()?;
    let (sender, receiver) = watch::channel(Wish::None);
    tokio::spawn(async move {
        for wish in [Wish::Stop, Wish::Force] {
            signals.next().await;
            sender.send_replace(wish);
        }
    });
    Ok(receiver)
}

/// Waits until at least this is wished.
pub async fn wished(wishes: &mut watch::Receiver<Wish>, at_least: Wish) {
    if wishes.wait_for(|wish| *wish >= at_least).await.is_err() {
        // Nobody listens for signals any more, so none will come.
        std::future::pending::<()>().await;
    }
}

/// Runs a command that a signal ends: what it holds is dropped, and an embedded server that nobody else uses is told to
/// stop. A job that it waited for goes on later.
///
/// # Errors
/// The command's own.
pub async fn or_interrupted(command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let mut signals = Signals::new()?;
    tokio::select! {
        result = command => result,
        number = signals.next() => Ok(ExitCode::from(u8::try_from(128 + number).unwrap_or(1))),
    }
}
