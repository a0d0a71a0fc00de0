//! The worker: claims jobs and runs their steps, forwards or back.
//!
//! [`Worker::drive`] runs one job to its end, as a command does that waits for it; [`Worker::serve`] runs whatever comes
//! until it is told to stop. Any number of workers may run side by side, in any number of processes.

mod steps;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object};
use rand::RngExt as _;
use serde_json::Value;
use tenantry_domain::{Error, ErrorCode, JobId, Limits, Result, TenantId};
use tenantry_registry::Registry;
use tenantry_registry::error::control_error;
use tenantry_registry::statement::query_one;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::line::{Listener, line};
use crate::operation::{Operation, Run};
use crate::queue::{CLAIM, Job, JobStatus, WORKER_LOCK, get, steps as steps_of};

/// How often a worker with nothing to do looks for jobs that nobody announced (leases that ran out).
const IDLE_LOOK: Duration = Duration::from_millis(500);
/// How often at least somebody who waits for another worker's job looks at it.
const WAIT_LOOK: Duration = Duration::from_millis(30);
/// Between two looks at least.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(5);
/// A pause that suits what has passed so far.
fn pause(share: Duration, most: Duration) -> Duration {
    share.clamp(LOOK_PAUSE_MIN, most)
}

/// What a job that is being waited for has come to.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Steps done so far.
    pub done: usize,
    /// Steps in all, where known.
    pub of: usize,
    /// What is being done, or was done last.
    pub step: String,
    /// Whether steps are being taken back.
    pub undoing: bool,
    /// Why the present step failed last time, if it is to be tried again.
    pub trouble: Option<String>,
    /// How far the present step is, in the words of the job's kind.
    pub detail: Option<Value>,
}

/// Runs jobs.
#[derive(Clone)]
pub struct Worker {
    registry: Registry,
    operations: Arc<HashMap<&'static str, Arc<dyn Operation>>>,
    limits: Arc<Limits>,
    key: i32,
    /// The connection whose advisory lock tells others that this worker lives. Not the pool's: it ends with the worker.
    life: Arc<Mutex<Option<ClientWrapper>>>,
}

struct Claim {
    operation: Arc<dyn Operation>,
    run: Run,
    status: JobStatus,
    attempts: i32,
    cancel_requested: bool,
    pause_requested: bool,
    steps: Vec<(String, String)>,
    /// What the steps tell, and where they are told to stop.
    listener: Listener,
    /// Becomes true when the worker is to stop.
    stop: watch::Receiver<bool>,
}

impl Worker {
    /// A worker for these kinds of jobs.
    pub fn new(registry: Registry, operations: Vec<Arc<dyn Operation>>, limits: Limits) -> Self {
        Self {
            registry,
            operations: Arc::new(operations.into_iter().map(|o| (o.kind(), o)).collect()),
            limits: Arc::new(limits),
            key: rand::rng().random_range(1..i32::MAX),
            life: Arc::default(),
        }
    }

    /// Runs this job to its end, or waits while another worker does, and tells of its progress.
    ///
    /// # Errors
    /// The job's own error when it failed; `connection_lost` and the like when the control database went away, in
    /// which case the job goes on later.
    pub async fn drive(&self, job: JobId, progress: &(dyn Fn(Progress) + Sync)) -> Result<Job> {
        let (_never, stop) = watch::channel(false);
        let begun = Instant::now();
        let mut claims_at = begun;
        loop {
            // A job in another worker's hands is looked at more often than asked for: that one seldom dies.
            if Instant::now() >= claims_at {
                match self.claim(Some(job), &stop).await? {
                    Some(claim) => self.run(claim, progress).await?,
                    None => claims_at = Instant::now() + pause(begun.elapsed() / 5, IDLE_LOOK),
                }
            }
            let now = get(&self.registry, job).await?;
            if now.status == JobStatus::Done {
                return Ok(now);
            }
            if now.status.is_final() || now.status == JobStatus::Paused {
                let undone = self.operations.get(now.kind.as_str()).is_none_or(|o| o.undoes());
                return Err(job_error(&now, undone));
            }
            progress(waiting(&now));
            tokio::time::sleep(pause(begun.elapsed() / 20, WAIT_LOOK)).await;
        }
    }

    /// Runs jobs as they come until `stop` becomes true; then those in hand are finished up to their present step.
    pub async fn serve(&self, mut stop: watch::Receiver<bool>, wake: Arc<Notify>) {
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            if running.len() < self.limits.job_parallel_max {
                match self.claim(None, &stop).await {
                    Ok(Some(claim)) => {
                        let worker = self.clone();
                        running.spawn(async move {
                            let job = claim.run.job;
                            if let Err(e) = worker.run(claim, &|_| {}).await {
                                tracing::warn!(%job, error = ?e, "job interrupted");
                            }
                        });
                        continue;
                    }
                    Ok(None) => {}
                    Err(e) => tracing::warn!(error = ?e, "no jobs can be claimed"),
                }
            }
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(IDLE_LOOK) => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Makes sure that others can see this worker live.
    async fn show_life(&self) -> Result<()> {
        let mut life = self.life.lock().await;
        if life.as_ref().is_none_or(|c| c.is_closed()) {
            let client = self.registry.client().await?;
            query_one(&client, WORKER_LOCK, &[&self.key])
                .await
                .map_err(|e| control_error(e, "announce the worker"))?;
            *life = Some(Object::take(client));
        }
        Ok(())
    }

    /// Seconds that a claim lasts from its last sign of life.
    fn lease(&self) -> f64 {
        self.limits.job_lease_seconds as f64
    }

    async fn claim(&self, job: Option<JobId>, stop: &watch::Receiver<bool>) -> Result<Option<Claim>> {
        self.show_life().await?;
        let client = self.registry.client().await?;
        let kinds: Vec<&str> = self.operations.keys().copied().collect();
        let lease = self.lease();
        let statement = client.prepare_cached(CLAIM).await.map_err(|e| control_error(e, "claim a job"))?;
        let row = client
            .query_opt(&statement, &[&i64::from(self.key), &lease, &job.map(|j| j.0), &kinds])
            .await
            .map_err(|e| control_error(e, "claim a job"))?;
        let Some(row) = row else { return Ok(None) };
        drop(client);
        let id = JobId(row.get("id"));
        let kind: String = row.get("kind");
        let operation =
            self.operations.get(kind.as_str()).cloned().ok_or_else(|| {
                Error::new(ErrorCode::Internal, format!("no worker knows jobs of kind {kind}"))
            })?;
        let steps = steps_of(&self.registry, id).await?;
        let outputs =
            steps.iter().filter(|s| s.status == "done").map(|s| (s.name.clone(), s.output.clone())).collect();
        let status: String = row.get("status");
        let (line, listener) = line();
        Ok(Some(Claim {
            operation,
            run: Run {
                job: id,
                fence: row.get("fence"),
                tenant: row.get::<_, Option<Uuid>>("tenant").map(TenantId::from_uuid),
                slug: row.get("slug"),
                actor: row.get("actor"),
                input: row.get("input"),
                outputs,
                line,
            },
            status: status.parse()?,
            attempts: row.get("attempts"),
            cancel_requested: row.get("cancel_requested"),
            pause_requested: row.get("pause_requested"),
            steps: steps.into_iter().map(|s| (s.name, s.status)).collect(),
            listener,
            stop: stop.clone(),
        }))
    }
}

fn waiting(job: &Job) -> Progress {
    let trouble = job.error.as_ref().map(|e| e.get("undo").unwrap_or(e));
    let trouble = trouble.and_then(|e| e["message"].as_str()).map(str::to_owned);
    let step = match job.status {
        JobStatus::Queued => "waiting for its turn".to_owned(),
        _ if trouble.is_some() => "waiting for the next attempt".to_owned(),
        _ => "being done by the server".to_owned(),
    };
    Progress {
        done: 0,
        of: 0,
        step,
        undoing: job.status == JobStatus::Undoing,
        trouble,
        detail: job.progress.clone(),
    }
}

/// The error that a failed job ended with.
fn job_error(job: &Job, undone: bool) -> Error {
    let text = |key: &str| job.error.as_ref().and_then(|e| e[key].as_str());
    let code = text("code").and_then(|c| ErrorCode::ALL.iter().find(|k| k.as_str() == c).copied());
    let what = job.slug.as_deref().map_or_else(|| job.kind.clone(), |slug| format!("{} {slug}", job.kind));
    if job.status == JobStatus::Cancelled {
        let undone = if undone { " and undone" } else { "" };
        return Error::new(ErrorCode::JobFailed, format!("{what}: job {} was cancelled{undone}", job.id))
            .help(format!("`tenantry job retry {}` tries again", job.id));
    }
    if job.status == JobStatus::Paused {
        let why = text("message").map(|m| format!(": {m}")).unwrap_or_default();
        let error = Error::new(
            code.unwrap_or(ErrorCode::JobPaused),
            format!("{what}: job {} is paused{why}", job.id),
        );
        return error.help(
            text("help").map_or_else(|| format!("`tenantry job retry {}` goes on", job.id), str::to_owned),
        );
    }
    let undo = job.error.as_ref().and_then(|e| e["undo"]["message"].as_str());
    if let Some(undo) = undo.filter(|_| job.status == JobStatus::Failed) {
        let why = text("message").unwrap_or("it was cancelled");
        let message = format!("{what}: {why}; and it could not be undone: {undo}");
        return Error::new(ErrorCode::UndoFailed, message).help(format!(
            "mend what stands in the way; then `tenantry job retry {}` goes on undoing it",
            job.id
        ));
    }
    let message = text("message").unwrap_or("no reason was recorded");
    let error = Error::new(code.unwrap_or(ErrorCode::JobFailed), format!("{what}: {message}"));
    match text("help") {
        Some(help) if undone => error.help(format!("{help} (job {} failed and was undone)", job.id)),
        Some(help) => error.help(format!("{help} (job {} failed)", job.id)),
        None => error,
    }
}
