//! `tenantry tenant show`.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use tenantry_domain::Result;
use tenantry_jobs::{Job, queue};
use tenantry_registry::{AuditEntry, Placement, TenantRow};

use crate::Context;
use crate::output::{Table, moment, visible};
use crate::stack::{Stack, with_stack};

/// Jobs and audit entries shown, the newest.
const ENTRIES_MAX: i64 = 20;

/// Arguments of `tenant show`.
#[derive(clap::Args, Debug)]
pub struct Show {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
}

/// A tenant with everything that is known of it.
#[derive(Debug, Serialize)]
pub struct Described<'a> {
    #[serde(flatten)]
    row: &'a TenantRow,
    placements: Vec<Placement>,
    jobs: Vec<Job>,
    audit: Vec<AuditEntry>,
}

/// Shows a tenant.
///
/// # Errors
/// `tenant_unknown`.
pub async fn run(context: &Context, show: Show) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let row = stack.registry().find_tenant(&show.slug).await?;
        let described = describe(stack, &row).await?;
        context.output.result(&described, || render(&described))?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// Gathers what is known of a tenant.
///
/// # Errors
/// Those of the control database.
pub async fn describe<'a>(stack: &Stack, row: &'a TenantRow) -> Result<Described<'a>> {
    let id = row.tenant.id;
    Ok(Described {
        row,
        placements: stack.registry().placements(id).await?,
        jobs: queue::of_tenant(stack.registry(), id, ENTRIES_MAX).await?,
        audit: stack.registry().audit_entries(id, ENTRIES_MAX).await?,
    })
}

fn render(described: &Described<'_>) -> String {
    let row = described.row;
    let tenant = &row.tenant;
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key:<12}{}", visible(&value));
        }
    };
    line("slug", Some(tenant.slug.to_string()));
    line("name", Some(tenant.name.clone()));
    line("id", Some(tenant.id.to_string()));
    line("status", Some(tenant.status.to_string()));
    line("isolation", Some(tenant.isolation.to_string()));
    line("plan", tenant.plan.clone());
    line("region", tenant.region.clone());
    line("cluster", row.cluster.clone());
    line("owner", row.owner_email.clone());
    line("created", Some(moment(row.created_at)));
    line("deleted", row.deleted_at.map(moment));
    line("kept until", row.purge_after.map(moment));
    let mut placements = Table::new(&["service", "cluster", "database", "schema", "version"]);
    for p in &described.placements {
        placements.row([
            p.service.to_string(),
            p.cluster.clone(),
            p.database.clone(),
            p.schema.clone(),
            p.version.to_string(),
        ]);
    }
    let mut jobs = Table::new(&["job", "kind", "status", "queued", "by"]);
    for j in &described.jobs {
        jobs.row([
            j.id.to_string(),
            j.kind.clone(),
            j.status.to_string(),
            moment(j.created_at),
            j.actor.clone(),
        ]);
    }
    let mut audit = Table::new(&["at", "action", "by", "detail"]);
    for e in &described.audit {
        audit.row([moment(e.at), e.action.clone(), e.actor.clone(), e.detail.to_string()]);
    }
    let mut section = |title: &str, count: usize, table: &Table| {
        if count > 0 {
            let _ = write!(text, "\n{title}\n{}\n", indent(&table.render()));
        }
    };
    section("where its data lives", described.placements.len(), &placements);
    section("jobs, newest first", described.jobs.len(), &jobs);
    section("audit, newest first", described.audit.len(), &audit);
    text
}

fn indent(text: &str) -> String {
    text.lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}
