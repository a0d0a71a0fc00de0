//! `tenantry tenant suspend`, `resume`, `restore` and `rename`.

use std::process::ExitCode;

use tenantry_domain::{JobId, Result, Slug, TenantId};

use super::show::describe;
use crate::Context;
use crate::stack::{Stack, actor, with_stack};

/// Arguments of commands that take a tenant and nothing else.
#[derive(clap::Args, Debug)]
pub struct One {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
}

/// Arguments of `tenant rename`.
#[derive(clap::Args, Debug)]
pub struct Rename {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
    /// Its new slug
    #[arg(value_name = "NEW")]
    to: String,
    /// A new name for people, too
    #[arg(long, value_name = "N")]
    name: Option<String>,
}

/// What is to be done to a tenant.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Keep everybody out.
    Suspend,
    /// Let them in again.
    Resume,
    /// Bring it back.
    Restore,
}

/// Does it and waits.
///
/// # Errors
/// `tenant_unknown`, `tenant_status`, and those of the job.
pub async fn run(context: &Context, one: &One, kind: Kind) -> Result<ExitCode> {
    let slug = one.slug.as_str();
    with_stack(context, async |stack| {
        let id = stack.registry().find_tenant(slug).await?.tenant.id;
        let (job, word) = match kind {
            Kind::Suspend => (stack.platform.suspend(slug, &actor()).await?, "suspend"),
            Kind::Resume => (stack.platform.resume(slug, &actor()).await?, "resume"),
            Kind::Restore => (stack.platform.restore(slug, &actor()).await?, "restore"),
        };
        finish(context, stack, (id, job), &format!("{word} {slug}")).await
    })
    .await
}

/// Renames a tenant and waits.
///
/// # Errors
/// `slug_invalid`, `slug_reserved`, `slug_taken`, `tenant_unknown`, `tenant_status`.
pub async fn rename(context: &Context, rename: Rename) -> Result<ExitCode> {
    let to: Slug = rename.to.parse()?;
    with_stack(context, async |stack| {
        let id = stack.registry().find_tenant(&rename.slug).await?.tenant.id;
        let job = stack.platform.rename(&rename.slug, &to, rename.name.as_deref(), &actor()).await?;
        finish(context, stack, (id, job), &format!("rename {} to {to}", rename.slug)).await
    })
    .await
}

async fn finish(
    context: &Context,
    stack: &Stack,
    (id, job): (TenantId, JobId),
    what: &str,
) -> Result<ExitCode> {
    stack.drive(context, job, what).await?;
    let row = stack.registry().tenant(id).await?;
    let described = describe(stack, &row).await?;
    context.output.result(&described, || format!("tenant {} is {}", row.tenant.slug, row.tenant.status))?;
    Ok(ExitCode::SUCCESS)
}
