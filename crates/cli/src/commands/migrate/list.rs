//! `tenantry migrate list`.

use std::process::ExitCode;

use tenantry_domain::Result;
use tenantry_jobs::{Job, queue};
use tenantry_migrate::rollout::{KIND, Order};

use crate::Context;
use crate::output::{Table, moment};
use crate::stack::with_stack;

/// Rollouts shown, the newest.
const ROLLOUTS_MAX: i64 = 50;

/// Lists the newest rollouts.
///
/// # Errors
/// Those of the control database.
pub async fn run(context: &Context) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let jobs = queue::of_kind(stack.registry(), KIND, ROLLOUTS_MAX).await?;
        context.output.result(&jobs, || {
            if jobs.is_empty() {
                return "no rollouts yet".to_owned();
            }
            let mut table = Table::new(&["rollout", "what", "status", "begun", "ended", "by"]);
            for job in &jobs {
                table.row([
                    job.id.to_string(),
                    what(job),
                    job.status.to_string(),
                    moment(job.created_at),
                    job.finished_at.map_or_else(|| "-".to_owned(), moment),
                    job.actor.clone(),
                ]);
            }
            table.render()
        })?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// `up to main 5`.
pub fn what(job: &Job) -> String {
    Order::from_input(&job.input).map_or_else(|_| "-".to_owned(), |order| order.words())
}
