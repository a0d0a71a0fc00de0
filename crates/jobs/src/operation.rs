//! What a kind of job does: its steps, each with do and undo.

use futures_util::future::BoxFuture;
use serde_json::Value;
use tenantry_domain::{Error, JobId, Result, TenantId};
use tenantry_registry::Transaction;

use crate::line::Line;

/// A job as its steps see it.
#[derive(Clone, Debug)]
pub struct Run {
    /// The job.
    pub job: JobId,
    /// The claim's fence: goes into every write that the step makes elsewhere.
    pub fence: i64,
    /// The tenant that the job is about.
    pub tenant: Option<TenantId>,
    /// That tenant's slug when the job was queued.
    pub slug: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// What was asked.
    pub input: Value,
    /// What the steps before this one returned, by name.
    pub outputs: Vec<(String, Value)>,
    /// To the worker: how far the step is, and whether it is to stop.
    pub line: Line,
}

impl Run {
    /// What the step of this name returned, if it is done.
    pub fn output(&self, step: &str) -> Option<&Value> {
        self.outputs.iter().find(|(name, _)| name == step).map(|(_, value)| value)
    }
}

/// How a job that did not succeed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A step failed for good and everything was undone.
    Failed,
    /// Somebody cancelled it and everything was undone.
    Cancelled,
}

/// A kind of job.
///
/// `perform` and `undo` may be called again after a crash at any moment; they look at what is there. What a step
/// changes in the control database belongs into `record`, which shares the transaction that marks the step done.
pub trait Operation: Send + Sync {
    /// The word in `tenantry.jobs.kind`.
    fn kind(&self) -> &'static str;

    /// The steps, in order. Asked again after each step: what a step returned may decide on those after it, and never on
    /// those before, nor on which is the last.
    fn steps(&self, run: &Run) -> Vec<String>;

    /// Whether a failure is undone. Otherwise (a purge) the job stays where it is and can be retried.
    fn undoes(&self) -> bool {
        true
    }

    /// Whether it can be paused: its steps watch [`Run::line`], and it stays where it is when it is cancelled.
    fn pauses(&self) -> bool {
        false
    }

    /// Whether this error pauses the job until somebody lets it go on, rather than failing it.
    fn holds(&self, _error: &Error) -> bool {
        false
    }

    /// Does the step's work outside the control database, and returns what later steps or its undo need.
    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>>;

    /// Does the step's work in the control database, in the transaction that marks it done.
    fn record<'a>(
        &'a self,
        _step: &'a str,
        _run: &'a Run,
        _output: &'a Value,
        _tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Takes back whatever the step may have done outside the control database.
    fn undo<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>>;

    /// Notes in the control database that the step is undone, in the transaction that marks it so.
    fn record_undo<'a>(
        &'a self,
        _step: &'a str,
        _run: &'a Run,
        _tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Brings the control database to what holds when everything is undone, in the transaction that ends the job.
    fn settle<'a>(
        &'a self,
        _run: &'a Run,
        _outcome: Outcome,
        _tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
