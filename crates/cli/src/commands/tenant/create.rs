//! `tenantry tenant create`.

use std::process::ExitCode;

use tenantry_domain::{App, Error, ErrorCode, Isolation, PlanName, Region, Result, Slug};
use tenantry_registry::NewTenant;

use super::show::describe;
use crate::stack::{actor, with_stack};
use crate::{Context, paths};

/// Arguments of `tenant create`.
#[derive(clap::Args, Debug)]
pub struct Create {
    /// The short name for URLs and logins: a-z, 0-9 and -
    #[arg(value_name = "SLUG")]
    slug: String,
    /// The name for people; default: the slug
    #[arg(long, value_name = "N")]
    name: Option<String>,
    /// shared, schema or database; default: as the plan says, else tenantry.toml
    #[arg(long, value_name = "I")]
    isolation: Option<String>,
    /// A plan of tenantry.toml
    #[arg(long, value_name = "P")]
    plan: Option<String>,
    /// The region that its data has to lie in
    #[arg(long, value_name = "R")]
    region: Option<String>,
    /// The cluster that its data has to lie on
    #[arg(long, value_name = "C")]
    cluster: Option<String>,
    /// Whom to write to
    #[arg(long, value_name = "E")]
    owner_email: Option<String>,
}

/// Checks what was asked for, and creates the tenant.
///
/// # Errors
/// `slug_invalid`, `slug_reserved`, `slug_taken`, `isolation_unknown`, `plan_unknown`, `region_unknown`,
/// `cluster_unknown`, and those of the job.
pub async fn run(context: &Context, create: Create) -> Result<ExitCode> {
    let config = crate::config::Config::load(context.global.dir.as_deref())?;
    let (slug, new) = meaning(&config.app, create)?;
    with_stack(context, async |stack| {
        stack.set_up_if_new(context).await?;
        let (id, job) = stack.registry().add_tenant(&slug, &new, &actor()).await?;
        stack.drive(context, job, &format!("create {slug}")).await?;
        let row = stack.registry().tenant(id).await?;
        let described = describe(stack, &row).await?;
        context.output.result(&described, || {
            let tenantry = paths::command_line(&stack.config.directory);
            let isolation = row.tenant.isolation;
            format!(
                "tenant {slug} is {} ({isolation} isolation)\nopen it:  {tenantry} psql {slug}",
                row.tenant.status
            )
        })?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// What was typed, checked before anything is written.
fn meaning(app: &App, create: Create) -> Result<(Slug, NewTenant)> {
    let slug: Slug = create.slug.parse()?;
    let isolation: Option<Isolation> = create.isolation.as_deref().map(str::parse).transpose()?;
    if let Some(plan) = &create.plan {
        let known = plan.parse::<PlanName>().is_ok_and(|name| app.plans.contains_key(&name));
        one_of(known, ErrorCode::PlanUnknown, ("plan", plan), app.plans.keys())?;
    }
    if let Some(cluster) = &create.cluster {
        let known = app.clusters.keys().any(|name| name.as_str() == cluster);
        one_of(known, ErrorCode::ClusterUnknown, ("cluster", cluster), app.clusters.keys())?;
    }
    if let Some(region) = &create.region {
        let here = |name: &str| create.cluster.as_deref().is_none_or(|cluster| cluster == name);
        let clusters = app.clusters.iter().filter(|(name, _)| here(name.as_str()));
        let regions: Vec<&Region> = clusters.filter_map(|(_, c)| c.region.as_ref()).collect();
        let known = regions.iter().any(|r| r.as_str() == region);
        one_of(known, ErrorCode::RegionUnknown, ("region", region), regions.iter())?;
    }
    if let Some(email) = &create.owner_email {
        let parts = email.split_once('@');
        if parts.is_none_or(|(name, host)| {
            name.is_empty() || host.is_empty() || email.contains(char::is_whitespace)
        }) {
            return Err(Error::new(ErrorCode::Usage, format!("{email:?} is not an email address"))
                .help("write NAME@HOST"));
        }
    }
    let new = NewTenant {
        name: create.name,
        isolation,
        plan: create.plan,
        region: create.region,
        cluster: create.cluster,
        owner_email: create.owner_email,
    };
    Ok((slug, new))
}

fn one_of<T: ToString>(
    known: bool,
    code: ErrorCode,
    (what, given): (&str, &str),
    all: impl Iterator<Item = T>,
) -> Result<()> {
    if known {
        return Ok(());
    }
    let all: Vec<String> = all.map(|n| n.to_string()).collect();
    let help = if all.is_empty() {
        format!("leave out --{what}: tenantry.toml names none that fits")
    } else {
        format!("use one of: {}", all.join(", "))
    };
    Err(Error::new(code, format!("there is no {what} {given:?}")).help(help))
}
