//! `tenantry migrate drift`: what tenants really hold, compared with their template.

use std::fmt::Write as _;
use std::process::ExitCode;

use tenantry_domain::{Result, glob};
use tenantry_migrate::drift::{Finding, Inspector, Lagging, Own, Report, Wanted};
use tenantry_postgres::catalog::Difference;

use crate::Context;

use crate::commands::url::service;
use crate::output::visible;
use crate::progress::Work;
use crate::stack::with_stack;

/// The exit code where something drifts.
const DRIFTS: u8 = 1;

/// Arguments of `migrate drift`.
#[derive(clap::Args, Debug)]
pub struct Drift {
    /// Tenants whose slug matches, for instance 'shop-*'; without it everybody, and what they share
    #[arg(long, value_name = "GLOB")]
    tenants: Option<String>,
    /// One service alone
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// Print the SQL that mends what drifts, as a script for psql
    #[arg(long)]
    sql: bool,
    /// In the SQL: don't comment out the statements that lose rows or values
    #[arg(long, requires = "sql")]
    with_losses: bool,
    /// List what tenants have made for themselves, too (with tenant_ddl)
    #[arg(long)]
    own: bool,
}

/// Compares; exit code 1 where something drifts.
///
/// # Errors
/// `service_unknown`, and what servers say.
pub async fn run(context: &Context, command: Drift) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        stack.set_up_if_new(context).await?;
        let app = &stack.platform.app;
        let service = command.service.as_deref().map(|s| service(app, Some(s))).transpose()?;
        let fits = |slug: &str| command.tenants.as_ref().is_none_or(|pattern| glob::matches(pattern, slug));
        let wanted = Wanted {
            tenants: command.tenants.is_some().then_some(&fits as &(dyn Fn(&str) -> bool + Sync)),
            service: service.as_ref().map(|s| s.as_str()),
            own: command.own,
        };
        let inspector =
            Inspector::new(app.clone(), stack.registry().clone(), stack.platform.clusters.clone());
        let work = Work::begin(context.output, "compare");
        let report = inspector.inspect(&wanted, &|what| work.at(what)).await?;
        drop(work);
        let lock_ms_max = app.limits.ddl_lock_ms_max;
        context.output.result(&report, || match command.sql {
            true => script(&report, lock_ms_max, command.with_losses),
            false => described(&report),
        })?;
        Ok(if report.drifted.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DRIFTS) })
    })
    .await
}

/// The SQL for all of them.
fn script(report: &Report, lock_ms_max: u64, with_losses: bool) -> String {
    let one = |f: &Finding| match &f.unreadable {
        Some(why) => format!("-- {}: {}\n", visible(&f.subject.title), visible(why)),
        None => f.script(lock_ms_max, with_losses),
    };
    let all: Vec<String> = report.drifted.iter().map(one).collect();
    match all.is_empty() {
        true => "-- nothing drifts".to_owned(),
        false => format!("\\set ON_ERROR_STOP on\n{}", all.join("\n")),
    }
}

fn described(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.drifted {
        let _ = writeln!(text, "{}", headed(finding));
        for difference in &finding.differences {
            describe(&mut text, difference);
        }
        if let Some(why) = &finding.unreadable {
            let _ = writeln!(text, "  could not be compared: {}", visible(why));
        }
    }
    for finding in &report.reordered {
        let tables: Vec<String> = finding.differences.iter().map(|d| visible(&d.to_string())).collect();
        let _ = writeln!(text, "{}\n  no drift: {}", headed(finding), tables.join("; "));
    }
    for Lagging { subject, version, newest, compared } in &report.lagging {
        let beside = if *compared { "" } else { "; nothing was noted of that version to compare with" };
        let _ = writeln!(
            text,
            "{} lags behind: it is at {version}, the template at {newest}{beside}",
            subject.title
        );
    }
    for Own { subject, objects } in &report.own {
        let _ = writeln!(text, "{} has made for itself:", subject.title);
        for object in objects {
            let _ = writeln!(text, "  {}", visible(&object.to_string()));
        }
    }
    for subject in &report.unknown {
        let _ = writeln!(
            text,
            "{} ({}): nothing was noted after the migration to compare with; the next one does that",
            subject.title, subject.database
        );
    }
    let _ = match report.drifted.len() {
        0 => write!(text, "nothing drifts: {} tenants are as their template", report.examined),
        count => write!(
            text,
            "{count} of {} tenants and templates drift; `tenantry migrate drift --sql` prints what mends them",
            report.examined
        ),
    };
    text
}

fn headed(finding: &Finding) -> String {
    let subject = &finding.subject;
    let mut head = format!("{}, service {} ({}", subject.title, subject.service, subject.database);
    let _ = write!(head, ", schema {})", subject.schema);
    if !finding.variations.is_empty() {
        let _ = write!(head, ", with variation {}", finding.variations.join(", "));
    }
    visible(&head)
}

/// One difference, with both definitions where there are two.
fn describe(text: &mut String, difference: &Difference) {
    let _ = match difference {
        Difference::Missing { kind, name, expected } => {
            write!(
                text,
                "  {} is missing\n{}",
                visible(&format!("{kind} {name}")),
                definition("expected", expected)
            )
        }
        Difference::Extra { kind, name, found } => {
            write!(
                text,
                "  {} is not expected\n{}",
                visible(&format!("{kind} {name}")),
                definition("found", found)
            )
        }
        Difference::Changed { kind, name, expected, found } => write!(
            text,
            "  {} is different\n{}{}",
            visible(&format!("{kind} {name}")),
            definition("expected", expected),
            definition("found", found)
        ),
        Difference::Reordered { .. } => writeln!(text, "  {}", visible(&difference.to_string())),
    };
}

fn definition(word: &str, definition: &str) -> String {
    let lines: Vec<String> = definition.lines().map(visible).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("    {word:<9} {}\n", lines.join("\n              ")),
    }
}
