//! The queue: enqueue, claim, heartbeat, fence, list, retry, cancel.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Result, TenantId};
use tenantry_registry::Registry;
use tenantry_registry::error::control_error;
use tenantry_registry::statement::{execute, query, query_one, query_opt};
use tenantry_registry::{GenericClient, Transaction};
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const ENQUEUE: &str = include_str!("queue/enqueue.sql");
pub(crate) const CLAIM: &str = include_str!("queue/claim.sql");
pub(crate) const HEARTBEAT: &str = include_str!("queue/heartbeat.sql");
pub(crate) const RELEASE: &str = include_str!("queue/release.sql");
pub(crate) const HOLD_FENCE: &str = include_str!("queue/hold_fence.sql");
pub(crate) const SOON_DURABLE: &str = include_str!("queue/soon_durable.sql");
pub(crate) const STEP_DONE: &str = include_str!("queue/step_done.sql");
pub(crate) const STEP_UNDONE: &str = include_str!("queue/step_undone.sql");
pub(crate) const STEPS: &str = include_str!("queue/steps.sql");
pub(crate) const BEGIN_UNDO: &str = include_str!("queue/begin_undo.sql");
pub(crate) const UNDO_FAILED: &str = include_str!("queue/undo_failed.sql");
pub(crate) const FINISH: &str = include_str!("queue/finish.sql");
pub(crate) const LIST: &str = include_str!("queue/list.sql");
pub(crate) const OF_TENANT: &str = include_str!("queue/of_tenant.sql");
pub(crate) const COUNTS: &str = include_str!("queue/counts.sql");
pub(crate) const WORKERS: &str = include_str!("queue/workers.sql");
pub(crate) const GET: &str = include_str!("queue/get.sql");
pub(crate) const RETRY: &str = include_str!("queue/retry.sql");
pub(crate) const CANCEL: &str = include_str!("queue/cancel.sql");
pub(crate) const PAUSE: &str = include_str!("queue/pause.sql");
pub(crate) const PAUSED: &str = include_str!("queue/paused.sql");
pub(crate) const RESUME: &str = include_str!("queue/resume.sql");
pub(crate) const GIVE_BACK: &str = include_str!("queue/give_back.sql");
pub(crate) const OPEN_OF_KIND: &str = include_str!("queue/open_of_kind.sql");
pub(crate) const OF_KIND: &str = include_str!("queue/of_kind.sql");
pub(crate) const HAS_OPEN: &str = include_str!("queue/has_open.sql");
pub(crate) const SWEEP: &str = include_str!("queue/sweep.sql");
pub(crate) const WORKER_LOCK: &str = include_str!("queue/worker_lock.sql");

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Waits for a worker.
    Queued,
    /// A worker runs its steps, or waits to try one again.
    Running,
    /// A worker takes its steps back.
    Undoing,
    /// Stopped by somebody, to go on later.
    Paused,
    /// Done.
    Done,
    /// Failed, and undone where its kind can be undone and nothing stood in the way.
    Failed,
    /// Cancelled and undone.
    Cancelled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [JobStatus; 7] = [
        JobStatus::Queued,
        JobStatus::Running,
        JobStatus::Undoing,
        JobStatus::Paused,
        JobStatus::Done,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ];

    /// Whether it has ended.
    pub const fn is_final(self) -> bool {
        matches!(self, JobStatus::Done | JobStatus::Failed | JobStatus::Cancelled)
    }
}

impl FromStr for JobStatus {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        Ok(match s {
            "queued" => JobStatus::Queued,
            "running" => JobStatus::Running,
            "undoing" => JobStatus::Undoing,
            "paused" => JobStatus::Paused,
            "done" => JobStatus::Done,
            "failed" => JobStatus::Failed,
            "cancelled" => JobStatus::Cancelled,
            _ => return Err(Error::new(ErrorCode::Internal, format!("{s:?} is not a status of a job"))),
        })
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            JobStatus::Queued => "queued",
            JobStatus::Running => "running",
            JobStatus::Undoing => "undoing",
            JobStatus::Paused => "paused",
            JobStatus::Done => "done",
            JobStatus::Failed => "failed",
            JobStatus::Cancelled => "cancelled",
        })
    }
}

/// A job as people see it.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// The tenant it is about.
    pub tenant: Option<Uuid>,
    /// That tenant's slug.
    pub slug: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// Where it is.
    pub status: JobStatus,
    /// How often the present step has failed.
    pub attempts: i32,
    /// Why it failed, or why the present step did last time: `code`, `message`, `help`; the same under `undo`
    /// for a step that can't be undone yet, or could not be when the job was given up.
    pub error: Option<Value>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What was asked.
    pub input: Value,
    /// How far the present step is, in the words of the job's kind.
    pub progress: Option<Value>,
}

/// A step of a job that was done (and perhaps undone).
#[derive(Clone, Debug, Serialize)]
pub struct JobStep {
    /// Its name.
    pub name: String,
    /// `done` or `undone`.
    pub status: String,
    /// What it returned.
    pub output: Value,
    /// When.
    pub finished_at: Timestamp,
}

/// A job to be queued.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// What it does.
    pub kind: &'a str,
    /// The tenant it is about.
    pub tenant: Option<TenantId>,
    /// That tenant's slug.
    pub slug: Option<&'a str>,
    /// Who asks for it.
    pub actor: &'a str,
    /// What is asked.
    pub input: Value,
    /// Whether it is the platform's own upkeep, which listings leave out.
    pub background: bool,
}

/// Queues a job, in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn enqueue(client: &impl GenericClient, job: &NewJob<'_>) -> Result<JobId> {
    let row = query_one(
        client,
        ENQUEUE,
        &[&job.kind, &job.tenant.map(TenantId::uuid), &job.slug, &job.actor, &job.input, &job.background],
    )
    .await
    .map_err(|e| control_error(e, "queue the job"))?;
    Ok(JobId(row.get(0)))
}

/// Makes sure, inside `tx`, that the claim with this fence still holds, and keeps it so until the transaction ends. Returns
/// whether somebody has asked for the job to be cancelled.
///
/// # Errors
/// `job_fenced` when another worker has taken over.
pub async fn hold_fence(tx: &Transaction<'_>, job: JobId, fence: i64) -> Result<bool> {
    let held = query_opt(tx, HOLD_FENCE, &[&job.0, &fence])
        .await
        .map_err(|e| control_error(e, "check the claim"))?;
    match held {
        Some(row) => Ok(row.get(0)),
        None => Err(Error::new(ErrorCode::JobFenced, format!("job {job} was taken over by another worker"))),
    }
}

/// The newest jobs, newest first; without the platform's own upkeep unless asked for.
///
/// # Errors
/// As [`control_error`].
pub async fn list(registry: &Registry, all: bool, jobs_max: i64) -> Result<Vec<Job>> {
    let client = registry.client().await?;
    let rows =
        query(&client, LIST, &[&all, &jobs_max]).await.map_err(|e| control_error(e, "list the jobs"))?;
    rows.iter().map(read).collect()
}

/// The newest jobs about a tenant, newest first.
///
/// # Errors
/// As [`control_error`].
pub async fn of_tenant(registry: &Registry, tenant: TenantId, jobs_max: i64) -> Result<Vec<Job>> {
    let client = registry.client().await?;
    let rows = query(&client, OF_TENANT, &[&tenant.uuid(), &jobs_max])
        .await
        .map_err(|e| control_error(e, "list the tenant's jobs"))?;
    rows.iter().map(read).collect()
}

/// How many jobs there are of each status, upkeep included; statuses without any are left out.
///
/// # Errors
/// As [`control_error`].
pub async fn counts(registry: &Registry) -> Result<Vec<(JobStatus, i64)>> {
    let client = registry.client().await?;
    let rows = query(&client, COUNTS, &[]).await.map_err(|e| control_error(e, "count the jobs"))?;
    rows.iter().map(|r| Ok((r.get::<_, String>(0).parse()?, r.get(1)))).collect()
}

/// How many workers live, in whatever process.
///
/// # Errors
/// As [`control_error`].
pub async fn workers(registry: &Registry) -> Result<i64> {
    let client = registry.client().await?;
    let row = query_one(&client, WORKERS, &[]).await.map_err(|e| control_error(e, "look for workers"))?;
    Ok(row.get(0))
}

/// A job.
///
/// # Errors
/// `job_unknown`.
pub async fn get(registry: &Registry, id: JobId) -> Result<Job> {
    let client = registry.client().await?;
    let row = query_opt(&client, GET, &[&id.0]).await.map_err(|e| control_error(e, "read the job"))?;
    match row {
        Some(row) => read(&row),
        None => Err(Error::new(ErrorCode::JobUnknown, format!("there is no job {id}"))),
    }
}

/// The steps of a job that were done, in order.
///
/// # Errors
/// As [`control_error`].
pub async fn steps(registry: &Registry, id: JobId) -> Result<Vec<JobStep>> {
    let client = registry.client().await?;
    let rows = query(&client, STEPS, &[&id.0]).await.map_err(|e| control_error(e, "read the job's steps"))?;
    Ok(rows
        .iter()
        .map(|r| JobStep { name: r.get(0), status: r.get(1), output: r.get(2), finished_at: r.get(3) })
        .collect())
}

/// The newest jobs of a kind, newest first.
///
/// # Errors
/// As [`control_error`].
pub async fn of_kind(registry: &Registry, kind: &str, jobs_max: i64) -> Result<Vec<Job>> {
    let client = registry.client().await?;
    let rows =
        query(&client, OF_KIND, &[&kind, &jobs_max]).await.map_err(|e| control_error(e, "list the jobs"))?;
    rows.iter().map(read).collect()
}

/// The oldest job of a kind that has not ended yet.
///
/// # Errors
/// As [`control_error`].
pub async fn open_of_kind(registry: &Registry, kind: &str) -> Result<Option<Job>> {
    let client = registry.client().await?;
    let row = query_opt(&client, OPEN_OF_KIND, &[&kind])
        .await
        .map_err(|e| control_error(e, "look for open jobs"))?;
    row.as_ref().map(read).transpose()
}

/// Whether a job about this tenant has not ended yet.
///
/// # Errors
/// As [`control_error`].
pub async fn has_open(registry: &Registry, tenant: TenantId) -> Result<bool> {
    let client = registry.client().await?;
    let row = query_one(&client, HAS_OPEN, &[&tenant.uuid()])
        .await
        .map_err(|e| control_error(e, "look for open jobs"))?;
    Ok(row.get(0))
}

/// Queues a failed or cancelled job again, or lets one that waits for its next attempt go on at once. One that could not be
/// undone goes on being undone.
///
/// # Errors
/// `job_state` when the job is done or in a worker's hands.
pub async fn retry(registry: &Registry, id: JobId) -> Result<()> {
    change(registry, id, RETRY, "can't be tried again").await
}

/// Asks for a job to be paused: its worker finishes what it has in hand.
///
/// # Errors
/// `job_state` when the job has ended or is being undone.
pub async fn pause(registry: &Registry, id: JobId) -> Result<()> {
    change(registry, id, PAUSE, "can't be paused").await
}

/// Lets a paused job go on.
///
/// # Errors
/// `job_state` when nobody has paused it.
pub async fn resume(registry: &Registry, id: JobId) -> Result<()> {
    change(registry, id, RESUME, "was not paused").await
}

/// Asks for a job to be stopped and undone.
///
/// # Errors
/// `job_state` when the job has ended or is being undone.
pub async fn cancel(registry: &Registry, id: JobId) -> Result<()> {
    change(registry, id, CANCEL, "can't be cancelled").await
}

/// Forgets upkeep jobs that are done, and other ended jobs older than `days`.
///
/// # Errors
/// As [`control_error`].
pub async fn sweep(registry: &Registry, days: i32) -> Result<u64> {
    let client = registry.client().await?;
    execute(&client, SWEEP, &[&days]).await.map_err(|e| control_error(e, "sweep old jobs"))
}

async fn change(registry: &Registry, id: JobId, sql: &str, refusal: &str) -> Result<()> {
    let job = get(registry, id).await?;
    let client = registry.client().await?;
    let changed = client.execute(sql, &[&id.0]).await.map_err(|e| control_error(e, "change the job"))?;
    if changed == 0 {
        return Err(Error::new(ErrorCode::JobState, format!("job {id} is {} and {refusal}", job.status)));
    }
    Ok(())
}

/// An error as a job keeps it.
pub(crate) fn error_value(error: &Error) -> Value {
    json!({ "code": error.code().as_str(), "message": error.sentence(), "help": error.next_step() })
}

fn read(row: &Row) -> Result<Job> {
    let status: String = row.get("status");
    Ok(Job {
        id: JobId(row.get("id")),
        kind: row.get("kind"),
        tenant: row.get("tenant"),
        slug: row.get("slug"),
        actor: row.get("actor"),
        status: status.parse()?,
        attempts: row.get("attempts"),
        error: row.get("error"),
        created_at: row.get("created_at"),
        finished_at: row.get("finished_at"),
        input: row.get("input"),
        progress: row.get("progress"),
    })
}
