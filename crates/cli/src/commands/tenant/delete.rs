//! `tenantry tenant delete`: kept for a while; with `--purge`, gone for good.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _, TenantStatus};
use tenantry_registry::TenantRow;

use super::show::describe;
use crate::output::moment;
use crate::stack::{Stack, actor, with_stack};
use crate::{Context, paths};

/// Arguments of `tenant delete`.
#[derive(clap::Args, Debug)]
pub struct Delete {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
    /// Remove a deleted tenant's data now and for good
    #[arg(long)]
    purge: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// Deletes or purges.
///
/// # Errors
/// `tenant_unknown`, `tenant_status`, and those of the job.
pub async fn run(context: &Context, delete: Delete) -> Result<ExitCode> {
    let slug = delete.slug.as_str();
    with_stack(context, async |stack| {
        let row = stack.registry().find_tenant(slug).await?;
        let nothing_left = row.tenant.status == TenantStatus::Failed;
        if delete.purge || nothing_left {
            purge(context, stack, &row, delete.yes || nothing_left).await?;
        } else {
            keep(context, stack, &row).await?;
        }
        Ok(ExitCode::SUCCESS)
    })
    .await
}

async fn keep(context: &Context, stack: &Stack, row: &TenantRow) -> Result<()> {
    let slug = &row.tenant.slug;
    let job = stack.platform.delete(slug.as_str(), &actor()).await?;
    stack.drive(context, job, &format!("delete {slug}")).await?;
    let row = stack.registry().tenant(row.tenant.id).await?;
    let described = describe(stack, &row).await?;
    context.output.result(&described, || {
        let until = row.purge_after.map_or_else(|| "it is purged".to_owned(), moment);
        let tenantry = paths::command_line(&stack.config.directory);
        format!(
            "tenant {slug} is deleted; its data is kept until {until}\nbring it back:  {tenantry} tenant restore {slug}"
        )
    })
}

async fn purge(context: &Context, stack: &Stack, row: &TenantRow, sure: bool) -> Result<()> {
    let slug = &row.tenant.slug;
    if row.tenant.status == TenantStatus::Deleted && !sure {
        confirm(slug.as_str())?;
    }
    let job = stack.platform.purge(slug.as_str(), &actor()).await?;
    let job = stack.drive(context, job, &format!("purge {slug}")).await?;
    let value = json!({ "slug": slug, "id": row.tenant.id, "purged": true, "job": job.id });
    context.output.result(&value, || format!("tenant {slug} is gone for good"))
}

/// Has the slug typed again.
fn confirm(slug: &str) -> Result<()> {
    if !io::stdin().is_terminal() {
        return Err(Error::new(
            ErrorCode::Usage,
            format!("purging {slug} can't be undone and was not confirmed"),
        )
        .help("add --yes"));
    }
    let _ = write!(io::stderr(), "This removes all data of {slug} for good. Type its slug to go on: ");
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).code(ErrorCode::Io, "read the answer")?;
    if typed.trim() == slug {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Usage, format!("{slug} was not purged: something else was typed"))
        .help("type the tenant's slug, or add --yes"))
}
