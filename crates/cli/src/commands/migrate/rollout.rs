//! Carrying a rollout to its end and showing how far it is; a signal pauses it.

use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{ErrorCode, JobId, Result};
use tenantry_jobs::queue;
use tenantry_migrate::rollout::{Direction, Pending, Request};
use tenantry_migrate::{Begun, Report};
use tokio::sync::watch;

use super::bar::Bar;
use crate::Context;
use crate::output::visible;
use crate::shutdown::{self, Wish, wished};
use crate::stack::{Stack, actor};

/// How a rollout ended that did not fail.
pub enum End {
    /// It was carried to its end.
    Done(Report),
    /// There was nothing to do.
    Nothing(Pending),
    /// A signal paused it.
    Paused(JobId),
}

/// Begins a rollout, or goes on with the one that leads to the same end, and carries it to its end.
///
/// # Errors
/// Those of migrations and servers; `rollout_failed`.
pub async fn roll_out(
    context: &Context,
    stack: &Stack,
    request: &Request,
    wishes: Option<watch::Receiver<Wish>>,
) -> Result<End> {
    let mut report = Report::default();
    let mut nothing = None;
    for stage in stack.migrator.stages(request).await? {
        let job = match stack.migrator.begin(&stage, &actor()).await? {
            Begun::Nothing(pending) => {
                nothing = Some(pending);
                continue;
            }
            Begun::Queued(job) => job,
            Begun::Adopted(job) => {
                context.output.note(&format!("going on with rollout {job}"));
                job
            }
        };
        match drive(context, stack, job, wishes.clone()).await? {
            End::Done(next) => report.follow(next),
            end => return Ok(end),
        }
    }
    match nothing {
        Some(pending) if report.job.is_none() => Ok(End::Nothing(pending)),
        None if report.job.is_none() => stack.migrator.pending(request).await.map(End::Nothing),
        _ => Ok(End::Done(report)),
    }
}

/// Carries a rollout to its end, here or wherever a worker has it.
///
/// # Errors
/// The rollout's own.
pub async fn drive(
    context: &Context,
    stack: &Stack,
    job: JobId,
    wishes: Option<watch::Receiver<Wish>>,
) -> Result<End> {
    let bar = Bar::begin(context.output, "migrate");
    let show = |p: tenantry_jobs::Progress| bar.show(&p);
    // Not the process's own: that one is seen to work from its first job on, and a server's must not be before it does.
    let worker = stack.migrator.worker();
    let driving = worker.drive(job, &show);
    tokio::pin!(driving);
    let stop = async {
        match wishes {
            Some(mut wishes) => wished(&mut wishes, Wish::Stop).await,
            None => std::future::pending().await,
        }
    };
    let (result, was_stopped) = tokio::select! {
        result = &mut driving => (result, false),
        () = stop => {
            context.output.note("finishing the tenants in hand (again to force)");
            // It may have ended just now: then that is what is told.
            let _ = queue::pause(stack.registry(), job).await;
            (driving.await, true)
        }
    };
    match result {
        Ok(_) => stack.migrator.report(job).await.map(End::Done),
        Err(e) if was_stopped && e.code() == ErrorCode::JobPaused => Ok(End::Paused(job)),
        Err(e) if e.code() == ErrorCode::JobPaused => Err(e.help("`tenantry migrate resume` goes on")),
        Err(e) => Err(e),
    }
}

/// Tells how a rollout ended.
///
/// # Errors
/// `io`.
pub fn tell(context: &Context, end: &End, direction: Direction) -> Result<ExitCode> {
    match end {
        End::Nothing(pending) => {
            let value = json!({ "job": null, "applied": [], "tenants": 0, "sites": pending.sites });
            context.output.result(&value, || nothing(pending))?;
        }
        End::Done(report) => {
            let applied: Vec<_> = report
                .applied
                .iter()
                .map(
                    |a| json!({ "service": a.service, "version": a.version, "name": a.name, "migration": a.title }),
                )
                .collect();
            let value = json!({ "job": report.job, "applied": applied, "tenants": report.tenants });
            context.output.result(&value, || done(report, direction))?;
        }
        End::Paused(job) => {
            let value = json!({ "job": job, "paused": true });
            context.output.result(&value, || {
                format!("rollout {job} is paused: `tenantry migrate resume` goes on, `tenantry migrate status` tells how far it is")
            })?;
            return Ok(ExitCode::from(shutdown::EXIT_INTERRUPTED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn nothing(pending: &Pending) -> String {
    let at: Vec<String> = pending
        .sites
        .iter()
        .map(|s| match s.title.as_ref().or(s.name.as_ref()) {
            Some(title) => format!("{} at {}", s.service, visible(title)),
            None => format!("{} without migrations", s.service),
        })
        .collect();
    format!("nothing to do: {} tenants, {}", pending.tenants(), at.join(", "))
}

fn done(report: &Report, direction: Direction) -> String {
    let verb = match direction {
        Direction::Up => "applied",
        Direction::Down => "took back",
    };
    let files: Vec<String> =
        report.applied.iter().map(|a| format!("{} {}", a.service, visible(&a.title))).collect();
    let mut text = match (files.first(), files.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("{verb} {} migrations, {first} to {last}", files.len())
        }
        (Some(only), _) => format!("{verb} {only}"),
        _ => "the templates were there already".to_owned(),
    };
    text.push_str(&format!("; {} tenants with tables of their own were brought along", report.tenants));
    text
}
