//! Running a claimed job's steps, forwards or back, each recorded under the claim's fence.

use std::time::Duration;

use rand::RngExt as _;
use serde_json::Value;
use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_registry::error::control_error;
use tenantry_registry::statement::{execute, query_opt};
use tokio::sync::watch;

use super::{Claim, Progress, Worker};
use crate::failpoint;
use crate::line::Listener;
use crate::operation::{Operation, Outcome, Run};
use crate::queue::{
    BEGIN_UNDO, FINISH, GIVE_BACK, HEARTBEAT, JobStatus, PAUSED, RELEASE, SOON_DURABLE, STEP_DONE,
    STEP_UNDONE, UNDO_FAILED, error_value, hold_fence,
};

/// Longest pause between two attempts of a step.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Longest time until a step that can be paused hears that it is to.
const PAUSE_HEARD: Duration = Duration::from_secs(1);
/// Shortest time between two reports of a step's progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// A step among its job's.
#[derive(Clone, Copy)]
struct Place<'a> {
    position: usize,
    name: &'a str,
    last: bool,
}

impl Worker {
    /// Runs a claimed job until it ends, waits for its next attempt, or is taken over.
    pub(super) async fn run(&self, mut claim: Claim, progress: &(dyn Fn(Progress) + Sync)) -> Result<()> {
        let operation = claim.operation.clone();
        let result = if claim.status == JobStatus::Undoing {
            self.back(operation.as_ref(), &mut claim, progress).await
        } else {
            self.forward(operation.as_ref(), &mut claim, progress).await
        };
        match result {
            Err(e) if e.code() == ErrorCode::JobFenced => Ok(()),
            other => other,
        }
    }

    async fn forward(
        &self,
        operation: &dyn Operation,
        claim: &mut Claim,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<()> {
        loop {
            let names = operation.steps(&claim.run);
            let done = |name: &String| claim.steps.iter().any(|(n, s)| n == name && s == "done");
            let Some(position) = names.iter().position(|name| !done(name)) else { return Ok(()) };
            if claim.cancel_requested && operation.undoes() {
                self.begin_undo(&claim.run, None).await?;
                return self.back(operation, claim, progress).await;
            }
            if operation.pauses() && (claim.cancel_requested || claim.pause_requested || *claim.stop.borrow())
            {
                return self.halt(operation, claim).await;
            }
            let name = &names[position];
            let place = Place { position, name, last: position + 1 == names.len() };
            match self.step(operation, claim, (place, names.len()), progress).await {
                Ok(output) => claim.run.outputs.push((name.clone(), output)),
                Err(e) => return self.failed(operation, claim, e, progress).await,
            }
            claim.steps.push((name.clone(), "done".to_owned()));
            claim.attempts = 0;
            failpoint::hit(operation.kind(), name, "after").await;
        }
    }

    /// Performs and records one step.
    async fn step(
        &self,
        operation: &dyn Operation,
        claim: &mut Claim,
        (place, of): (Place<'_>, usize),
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Value> {
        let told = |detail: Option<Value>| {
            let step = place.name.to_owned();
            progress(Progress { done: place.position, of, step, undoing: false, trouble: None, detail });
        };
        told(None);
        failpoint::hit(operation.kind(), place.name, "before").await;
        let run = claim.run.clone();
        let step = operation.perform(place.name, &run);
        let output =
            self.with_heartbeat(operation.pauses(), claim, step, &|detail| told(Some(detail))).await?;
        failpoint::hit(operation.kind(), place.name, "performed").await;
        claim.cancel_requested |= self.record(operation, &run, place, &output).await?;
        Ok(output)
    }

    /// Stops where the job is: for good when it was cancelled, until somebody resumes it when it was paused, and for the
    /// next worker when this one is to stop.
    async fn halt(&self, operation: &dyn Operation, claim: &Claim) -> Result<()> {
        if claim.cancel_requested {
            return self.finish_unsuccessful(operation, claim, Outcome::Cancelled, None).await;
        }
        if claim.pause_requested {
            return self.paused(&claim.run, None).await;
        }
        let client = self.registry.client().await?;
        execute(&client, GIVE_BACK, &[&claim.run.job.0, &claim.run.fence])
            .await
            .map_err(|e| control_error(e, "give the job back"))?;
        Ok(())
    }

    async fn paused(&self, run: &Run, error: Option<&Error>) -> Result<()> {
        let client = self.registry.client().await?;
        execute(&client, PAUSED, &[&run.job.0, &run.fence, &error.map(error_value)])
            .await
            .map_err(|e| control_error(e, "pause the job"))?;
        Ok(())
    }

    /// Marks a step done together with what it changes in the control database; returns whether the job is to be cancelled.
    async fn record(
        &self,
        operation: &dyn Operation,
        run: &Run,
        step: Place<'_>,
        output: &Value,
    ) -> Result<bool> {
        let mut client = self.registry.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, "record the step"))?;
        if !step.last {
            // A step whose record is lost with the server is repeated. What follows is written behind it, so whatever
            // the last step's commit makes durable makes this durable first.
            tx.batch_execute(SOON_DURABLE).await.map_err(|e| control_error(e, "record the step"))?;
        }
        let cancel = hold_fence(&tx, run.job, run.fence).await?;
        operation.record(step.name, run, output, &tx).await?;
        let position = i32::try_from(step.position).unwrap_or(i32::MAX);
        execute(&tx, STEP_DONE, &[&run.job.0, &position, &step.name, output, &self.lease()])
            .await
            .map_err(|e| control_error(e, "record the step"))?;
        if step.last {
            execute(&tx, FINISH, &[&run.job.0, &"done", &None::<Value>])
                .await
                .map_err(|e| control_error(e, "end the job"))?;
        }
        tx.commit().await.map_err(|e| control_error(e, "record the step"))?;
        Ok(cancel)
    }

    /// A step failed: try again later, undo, or stay.
    async fn failed(
        &self,
        operation: &dyn Operation,
        claim: &mut Claim,
        error: Error,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<()> {
        if error.code() == ErrorCode::JobFenced {
            return Err(error);
        }
        if error.code() == ErrorCode::JobHalted {
            return self.halt(operation, claim).await;
        }
        if operation.holds(&error) {
            return self.paused(&claim.run, Some(&error)).await;
        }
        let attempts_left = i64::from(self.limits.job_attempts_max) - i64::from(claim.attempts) - 1;
        tracing::warn!(job = %claim.run.job, kind = operation.kind(), attempts_left, error = ?error, "step failed");
        if error.code().is_transient() && attempts_left > 0 {
            return self.release(claim, &error).await;
        }
        if !operation.undoes() {
            return self.finish_unsuccessful(operation, claim, Outcome::Failed, Some(&error)).await;
        }
        self.begin_undo(&claim.run, Some(&error)).await?;
        claim.attempts = 0;
        self.back(operation, claim, progress).await
    }

    async fn back(
        &self,
        operation: &dyn Operation,
        claim: &mut Claim,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<()> {
        let names = operation.steps(&claim.run);
        let done = |claim: &Claim, name: &str| claim.steps.iter().any(|(n, s)| n == name && s == "done");
        // The step after the last one done may have been begun: it is undone too.
        let reached = names.iter().take_while(|n| done(claim, n)).count();
        let reached = reached + usize::from(reached < names.len());
        for (position, name) in names.iter().enumerate().take(reached).rev() {
            if claim.steps.iter().any(|(n, s)| n == name && s == "undone") {
                continue;
            }
            progress(Progress {
                done: position,
                of: names.len(),
                step: name.clone(),
                undoing: true,
                trouble: None,
                detail: None,
            });
            failpoint::hit(operation.kind(), name, "undo").await;
            if let Err(e) =
                self.with_heartbeat(false, claim, operation.undo(name, &claim.run.clone()), &|_| {}).await
            {
                if e.code() == ErrorCode::JobFenced {
                    return Err(e);
                }
                let attempts_left =
                    i64::from(self.limits.job_undo_attempts_max) - i64::from(claim.attempts) - 1;
                tracing::warn!(job = %claim.run.job, step = name, attempts_left, error = ?e, "step can't be undone yet");
                return match attempts_left > 0 {
                    true => self.release(claim, &e).await,
                    false => self.undo_failed(&claim.run, name, e).await,
                };
            }
            self.record_undo(operation, &claim.run, (position, name)).await?;
            claim.steps.retain(|(n, _)| n != name);
            claim.steps.push((name.clone(), "undone".to_owned()));
            claim.attempts = 0;
        }
        let outcome = if claim.cancel_requested { Outcome::Cancelled } else { Outcome::Failed };
        self.finish_unsuccessful(operation, claim, outcome, None).await
    }

    async fn record_undo(
        &self,
        operation: &dyn Operation,
        run: &Run,
        (position, name): (usize, &str),
    ) -> Result<()> {
        let mut client = self.registry.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, "record the undone step"))?;
        hold_fence(&tx, run.job, run.fence).await?;
        operation.record_undo(name, run, &tx).await?;
        let position = i32::try_from(position).unwrap_or(i32::MAX);
        execute(&tx, STEP_UNDONE, &[&run.job.0, &position, &name, &self.lease()])
            .await
            .map_err(|e| control_error(e, "record the undone step"))?;
        tx.commit().await.map_err(|e| control_error(e, "record the undone step"))
    }

    async fn finish_unsuccessful(
        &self,
        operation: &dyn Operation,
        claim: &Claim,
        outcome: Outcome,
        error: Option<&Error>,
    ) -> Result<()> {
        let doing = "end the job";
        let mut client = self.registry.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, doing))?;
        hold_fence(&tx, claim.run.job, claim.run.fence).await?;
        operation.settle(&claim.run, outcome, &tx).await?;
        let word = match outcome {
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        };
        execute(&tx, FINISH, &[&claim.run.job.0, &word, &error.map(error_value)])
            .await
            .map_err(|e| control_error(e, doing))?;
        tx.commit().await.map_err(|e| control_error(e, doing))
    }

    /// Gives up undoing: the job has failed, with what could not be taken back still there.
    async fn undo_failed(&self, run: &Run, step: &str, error: Error) -> Result<()> {
        let client = self.registry.client().await?;
        let error = error.context(format!("undo {step}"));
        execute(&client, UNDO_FAILED, &[&run.job.0, &run.fence, &error_value(&error)])
            .await
            .map_err(|e| control_error(e, "give the job up"))?;
        Ok(())
    }

    async fn begin_undo(&self, run: &Run, error: Option<&Error>) -> Result<()> {
        let client = self.registry.client().await?;
        let begun = execute(&client, BEGIN_UNDO, &[&run.job.0, &run.fence, &error.map(error_value)])
            .await
            .map_err(|e| control_error(e, "begin to undo the job"))?;
        if begun == 0 {
            return Err(Error::new(ErrorCode::JobFenced, format!("job {} was taken over", run.job)));
        }
        Ok(())
    }

    /// Gives the job back until the next attempt: twice the pause each time, with jitter.
    async fn release(&self, claim: &Claim, error: &Error) -> Result<()> {
        let pause = Duration::from_millis(200 * (1 << claim.attempts.clamp(0, 10))).min(BACKOFF_MAX);
        let pause = pause.as_secs_f64() * rand::rng().random_range(0.5..1.0);
        let client = self.registry.client().await?;
        execute(&client, RELEASE, &[&claim.run.job.0, &claim.run.fence, &error_value(error), &pause])
            .await
            .map_err(|e| control_error(e, "give the job back"))?;
        Ok(())
    }

    /// Runs a step while the lease is being renewed; ends it as soon as another worker has taken over.
    async fn with_heartbeat<T>(
        &self,
        pauses: bool,
        claim: &mut Claim,
        step: impl Future<Output = Result<T>>,
        tell: &(dyn Fn(Value) + Sync),
    ) -> Result<T> {
        let mut asked = Asked::default();
        let (end, ended) = watch::channel(false);
        let result = {
            let beating = self.beat((&claim.run, pauses, &claim.listener), ended, &mut asked);
            tokio::pin!(beating);
            let result = tokio::select! {
                result = step => Some(result),
                fenced = &mut beating => {
                    return Err(fenced.unwrap_or_else(|| crate::line::halted(claim.run.job)));
                }
                () = pass_on(claim.listener.progress.clone(), tell) => None,
                () = stopped(claim.stop.clone(), pauses, &claim.listener) => None,
            };
            // A heartbeat on its way is waited for. Dropped, its connection would go back to the pool with the statement
            // still running: it might wait for the row that the step's record locks, and the record for that connection.
            end.send_replace(true);
            beating.await;
            result.unwrap_or_else(|| Err(crate::line::halted(claim.run.job)))
        };
        claim.cancel_requested |= asked.cancel;
        claim.pause_requested |= asked.pause;
        result
    }

    /// Renews the lease until the claim is lost, or until it is told to end.
    async fn beat(
        &self,
        (run, pauses, listener): (&Run, bool, &Listener),
        mut ended: watch::Receiver<bool>,
        asked: &mut Asked,
    ) -> Option<Error> {
        let lease = self.lease();
        let between = Duration::from_secs(self.limits.job_heartbeat_seconds);
        let between = if pauses { between.min(PAUSE_HEARD) } else { between };
        loop {
            if tokio::time::timeout(between, ended.wait_for(|ended| *ended)).await.is_ok() {
                return None;
            }
            if let Err(e) = self.show_life().await {
                tracing::warn!(job = %run.job, error = ?e, "the worker can't announce itself");
            }
            let Ok(client) = self.registry.client().await else { continue };
            let progress = listener.progress.borrow().clone();
            match query_opt(&client, HEARTBEAT, &[&run.job.0, &run.fence, &lease, &progress]).await {
                Ok(Some(row)) => {
                    *asked = Asked { cancel: row.get(0), pause: row.get(1) };
                    if pauses && (asked.cancel || asked.pause) {
                        listener.halt.send_replace(true);
                    }
                }
                Ok(None) => {
                    return Some(Error::new(ErrorCode::JobFenced, format!("job {} was taken over", run.job)));
                }
                // The lease may run out; then the fence keeps this worker from writing anything.
                Err(e) => tracing::warn!(job = %run.job, error = %e, "heartbeat failed"),
            }
        }
    }
}

/// What somebody has asked for since the job was claimed.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    cancel: bool,
    pause: bool,
}

/// Passes on what a step tells, not too often.
async fn pass_on(mut progress: watch::Receiver<Option<Value>>, tell: &(dyn Fn(Value) + Sync)) {
    while progress.changed().await.is_ok() {
        let told = progress.borrow_and_update().clone();
        if let Some(told) = told {
            tell(told);
        }
        tokio::time::sleep(PROGRESS_PAUSE).await;
    }
    std::future::pending::<()>().await;
}

/// Tells a step that watches for it that the worker is to stop; never ends by itself.
async fn stopped(mut stop: watch::Receiver<bool>, pauses: bool, listener: &Listener) {
    if pauses && stop.wait_for(|s| *s).await.is_ok() {
        listener.halt.send_replace(true);
    }
    std::future::pending::<()>().await;
}
