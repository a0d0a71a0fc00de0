//! Ctrl-C and SIGTERM: the first asks to stop, the second insists.

use std::process::ExitCode;

use tenantry_domain::{ErrorCode, Result, ResultExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Exit code of what a signal ended: that of SIGINT, as shells have it.
pub const EXIT_INTERRUPTED: u8 = 130;

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

    /// Waits for one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
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

/// Runs a command: opens its parts, and lets go of them however it ends. A signal ends the command but not the opening
/// or the letting go, so that no server is left behind; only a second one does. A job that the command waited for goes
/// on later.
///
/// # Errors
/// Those of `open`, of `command` and of `close`, the first of them.
pub async fn interruptible<S>(
    open: impl Future<Output = Result<S>>,
    command: impl AsyncFnOnce(&S) -> Result<ExitCode>,
    close: impl AsyncFnOnce(S) -> Result<()>,
) -> Result<ExitCode> {
    let command = async |parts: &S, mut wishes: watch::Receiver<Wish>| {
        tokio::select! {
            biased;
            () = wished(&mut wishes, Wish::Stop) => Ok(ExitCode::from(EXIT_INTERRUPTED)),
            result = command(parts) => result,
        }
    };
    told(open, command, close).await
}

/// As [`interruptible`], for a command that finishes what it has in hand when a signal comes: it is told of the wish. A
/// second signal ends it.
///
/// # Errors
/// As [`interruptible`].
pub async fn told<S>(
    open: impl Future<Output = Result<S>>,
    command: impl AsyncFnOnce(&S, watch::Receiver<Wish>) -> Result<ExitCode>,
    close: impl AsyncFnOnce(S) -> Result<()>,
) -> Result<ExitCode> {
    let wishes = listen()?;
    let mut forced = wishes.clone();
    let run = async {
        let parts = open.await?;
        let result = command(&parts, wishes).await;
        let closed = close(parts).await;
        let code = result?;
        closed.map(|()| code)
    };
    tokio::select! {
        result = run => result,
        () = wished(&mut forced, Wish::Force) => Ok(ExitCode::from(EXIT_INTERRUPTED)),
    }
}
