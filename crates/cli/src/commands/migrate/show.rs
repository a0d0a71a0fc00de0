//! `tenantry migrate show`.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use tenantry_domain::{Error, ErrorCode, JobId, Result};
use tenantry_jobs::{Job, JobStep, queue};
use tenantry_migrate::rollout::KIND;
use tenantry_registry::Failure;

use super::list::what;
use crate::Context;
use crate::output::{Table, moment, visible};
use crate::stack::with_stack;

/// Arguments of `migrate show`.
#[derive(clap::Args, Debug)]
pub struct Show {
    /// The rollout's number; default: the newest
    #[arg(value_name = "ID")]
    id: Option<i64>,
}

/// A rollout with its steps and failures.
#[derive(Serialize)]
struct Described {
    #[serde(flatten)]
    job: Job,
    steps: Vec<JobStep>,
    failures: Vec<Failure>,
}

/// Shows a rollout.
///
/// # Errors
/// `job_unknown`.
pub async fn run(context: &Context, show: Show) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let registry = stack.registry();
        let job = match show.id {
            Some(id) => Some(queue::get(registry, JobId(id)).await?),
            None => queue::of_kind(registry, KIND, 1).await?.pop(),
        };
        let job = job.filter(|j| j.kind == KIND).ok_or_else(|| {
            Error::new(ErrorCode::JobUnknown, "there is no such rollout")
                .help("`tenantry migrate list` shows the rollouts")
        })?;
        let steps = queue::steps(registry, job.id).await?;
        let failures = registry.failures(job.id).await?;
        let described = Described { job, steps, failures };
        context.output.result(&described, || render(&described))?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

fn render(described: &Described) -> String {
    let job = &described.job;
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key:<10}{}", visible(&value));
        }
    };
    line("rollout", Some(job.id.to_string()));
    line("what", Some(what(job)));
    line("status", Some(job.status.to_string()));
    line("by", Some(job.actor.clone()));
    line("begun", Some(moment(job.created_at)));
    line("ended", job.finished_at.map(moment));
    line("progress", job.progress.as_ref().map(ToString::to_string));
    let error = job.error.as_ref();
    let first_line = |e: &serde_json::Value| {
        let message = e["message"].as_str()?.lines().next()?.to_owned();
        Some(format!("[{}] {message}", e["code"].as_str()?))
    };
    line("error", error.and_then(first_line));
    line("help", error.and_then(|e| e["help"].as_str()).map(str::to_owned));
    if !described.steps.is_empty() {
        let mut table = Table::new(&["step", "tenants", "at"]);
        for step in &described.steps {
            let tenants = step.output["tenants"].as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
            table.row([step.name.clone(), tenants, moment(step.finished_at)]);
        }
        let _ = write!(text, "\n{}\n", table.render());
    }
    if !described.failures.is_empty() {
        let _ = write!(text, "\nnot brought along\n{}", failures(&described.failures));
    }
    text
}

/// One line for each.
pub fn failures(failures: &[Failure]) -> String {
    let mut table = Table::new(&["tenant", "service", "version", "place", "at", "rollout", "why"]);
    for f in failures {
        let mended = if f.mended_at.is_some() { " (mended since)" } else { "" };
        table.row([
            f.slug.clone().unwrap_or_else(|| f.tenant.to_string()),
            f.service.clone(),
            f.version.to_string(),
            f.place.clone().unwrap_or_else(|| "-".to_owned()),
            moment(f.at),
            f.job.to_string(),
            visible(&format!("[{}] {}{mended}", f.code, f.message)),
        ]);
    }
    table.render()
}
