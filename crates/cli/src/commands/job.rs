//! `tenantry job ...`.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;
use tenantry_domain::{Error, ErrorCode, JobId, Result};
use tenantry_jobs::{Job, JobStatus, JobStep, queue};

use crate::Context;
use crate::output::{Table, moment, or_hyphen, visible};
use crate::stack::{Stack, with_stack};

/// The subcommands of `job`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the newest jobs
    List {
        /// The platform's own upkeep, too
        #[arg(long)]
        all: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Show a job with its steps
    Show(Id),
    /// Try a failed or cancelled job again
    Retry(Id),
    /// Stop a job and undo what it did
    Cancel(Id),
}

/// Arguments of commands that take a job and nothing else.
#[derive(clap::Args, Debug)]
pub struct Id {
    /// The job's number
    #[arg(value_name = "ID")]
    id: i64,
}

/// A job with its steps.
#[derive(Serialize)]
struct Described<'a> {
    #[serde(flatten)]
    job: &'a Job,
    steps: Vec<JobStep>,
}

/// Runs one.
///
/// # Errors
/// `job_unknown`, `job_state`, and the job's own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        match command {
            Command::List { all, limit } => list(context, stack, all, limit).await?,
            Command::Show(id) => show(context, stack, JobId(id.id)).await?,
            Command::Retry(id) => retry(context, stack, JobId(id.id)).await?,
            Command::Cancel(id) => cancel(context, stack, JobId(id.id)).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
    .await
}

async fn list(context: &Context, stack: &Stack, all: bool, limit: u32) -> Result<()> {
    let jobs = queue::list(stack.registry(), all, i64::from(limit)).await?;
    context.output.result(&jobs, || {
        if jobs.is_empty() {
            return "no jobs yet".to_owned();
        }
        let mut table = Table::new(&["job", "kind", "tenant", "status", "queued", "by", "error"]);
        for job in &jobs {
            table.row([
                job.id.to_string(),
                job.kind.clone(),
                or_hyphen(job.slug.as_deref()),
                job.status.to_string(),
                moment(job.created_at),
                job.actor.clone(),
                trouble(job).unwrap_or_default(),
            ]);
        }
        table.render()
    })
}

async fn show(context: &Context, stack: &Stack, id: JobId) -> Result<()> {
    let job = queue::get(stack.registry(), id).await?;
    let steps = queue::steps(stack.registry(), id).await?;
    let described = Described { job: &job, steps };
    context.output.result(&described, || render(&described))
}

fn render(described: &Described<'_>) -> String {
    let job = described.job;
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key:<10}{}", visible(&value));
        }
    };
    line("job", Some(job.id.to_string()));
    line("kind", Some(job.kind.clone()));
    line("tenant", job.slug.clone());
    line("status", Some(job.status.to_string()));
    line("by", Some(job.actor.clone()));
    line("queued", Some(moment(job.created_at)));
    line("ended", job.finished_at.map(moment));
    line("error", trouble(job));
    line("help", job.error.as_ref().and_then(|e| e["help"].as_str()).map(str::to_owned));
    if !described.steps.is_empty() {
        let mut table = Table::new(&["step", "status", "at"]);
        for step in &described.steps {
            table.row([step.name.clone(), step.status.clone(), moment(step.finished_at)]);
        }
        let _ = write!(text, "\n{}", table.render());
    }
    text
}

fn trouble(job: &Job) -> Option<String> {
    let error = job.error.as_ref()?;
    let said = |e: &Value| Some(format!("[{}] {}", e["code"].as_str()?, e["message"].as_str()?));
    let undo = error.get("undo").and_then(said).map(|undo| format!("not undone: {undo}"));
    match (said(error), undo) {
        (Some(error), Some(undo)) => Some(format!("{error}; {undo}")),
        (error, undo) => error.or(undo),
    }
}

async fn retry(context: &Context, stack: &Stack, id: JobId) -> Result<()> {
    queue::retry(stack.registry(), id).await?;
    stack.drive(context, id, &format!("job {id}")).await?;
    show(context, stack, id).await
}

async fn cancel(context: &Context, stack: &Stack, id: JobId) -> Result<()> {
    queue::cancel(stack.registry(), id).await?;
    let driven = stack.drive(context, id, &format!("cancel job {id}")).await;
    let job = queue::get(stack.registry(), id).await?;
    match job.status {
        JobStatus::Cancelled => show(context, stack, id).await,
        JobStatus::Done => {
            Err(Error::new(ErrorCode::JobState, format!("job {id} was done before it could be cancelled")))
        }
        _ => driven.map(|_| ()),
    }
}
