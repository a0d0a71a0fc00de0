//! `tenantry migrate pause` and `resume`.

use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{Error, ErrorCode, JobId, Result};
use tenantry_jobs::{Job, JobStatus, queue};
use tenantry_migrate::rollout::{Direction, KIND, Order};

use super::rollout::{drive, tell};
use crate::Context;
use crate::stack::{Stack, with_stack, with_stack_and_wishes};

/// Pauses the rollout that is under way and waits until its tenants in hand are finished.
///
/// # Errors
/// `job_unknown` when none is.
pub async fn pause(context: &Context) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let job = open(stack).await?;
        queue::pause(stack.registry(), job.id).await?;
        let end = stack.worker.drive(job.id, &|_| {}).await;
        let now = queue::get(stack.registry(), job.id).await?;
        if now.status != JobStatus::Paused {
            return end.and_then(|job| {
                Err(Error::new(
                    ErrorCode::JobState,
                    format!("rollout {} ended before it could be paused", job.id),
                ))
            });
        }
        told(context, job.id)?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

fn told(context: &Context, job: JobId) -> Result<()> {
    let value = json!({ "job": job, "paused": true });
    context.output.result(&value, || format!("rollout {job} is paused: `tenantry migrate resume` goes on"))
}

/// Goes on with the rollout that is open, to its end.
///
/// # Errors
/// `job_unknown` when none is; the rollout's own.
pub async fn resume(context: &Context) -> Result<ExitCode> {
    with_stack_and_wishes(context, async |stack, wishes| {
        let job = open(stack).await?;
        if job.status == JobStatus::Paused {
            queue::resume(stack.registry(), job.id).await?;
        }
        let direction = Order::from_input(&job.input).map_or(Direction::Up, |o| o.direction);
        let end = drive(context, stack, job.id, Some(wishes)).await?;
        tell(context, &end, direction)
    })
    .await
}

async fn open(stack: &Stack) -> Result<Job> {
    queue::open_of_kind(stack.registry(), KIND).await?.ok_or_else(|| {
        Error::new(ErrorCode::JobUnknown, "no rollout is under way")
            .help("`tenantry migrate list` shows the rollouts; `tenantry migrate up` begins one")
    })
}
