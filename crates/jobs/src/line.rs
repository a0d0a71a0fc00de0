//! The line between a step and its worker: the step tells how far it is, and hears when it is to stop.

use serde_json::Value;
use tenantry_domain::{Error, ErrorCode, JobId};
use tokio::sync::watch;

/// A step's end of the line.
#[derive(Clone, Debug)]
pub struct Line {
    progress: watch::Sender<Option<Value>>,
    halt: watch::Receiver<bool>,
}

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Listener {
    pub progress: watch::Receiver<Option<Value>>,
    pub halt: watch::Sender<bool>,
}

/// A line of its own for one claim.
pub(crate) fn line() -> (Line, Listener) {
    let (progress, heard) = watch::channel(None);
    let (halt, told) = watch::channel(false);
    (Line { progress, halt: told }, Listener { progress: heard, halt })
}

impl Line {
    /// Tells how far the step is, in words of the job's kind; what is told often is passed on less often.
    pub fn tell(&self, progress: Value) {
        self.progress.send_replace(Some(progress));
    }

    /// Whether the step is to finish what it has in hand and to return [`halted`].
    pub fn is_halted(&self) -> bool {
        *self.halt.borrow()
    }

    /// Waits until the step is to stop.
    pub async fn halted(&self) {
        let mut halt = self.halt.clone();
        if halt.wait_for(|h| *h).await.is_err() {
            // The worker is gone, and with it whoever could stop the step.
            std::future::pending::<()>().await;
        }
    }
}

/// What a step returns that stopped because it was told to.
pub fn halted(job: JobId) -> Error {
    Error::new(ErrorCode::JobHalted, format!("job {job} was told to stop"))
}
