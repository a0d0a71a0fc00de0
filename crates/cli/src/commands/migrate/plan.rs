//! `tenantry migrate plan`: what would run where, and what is dangerous about it. Changes nothing.

mod render;

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use tenantry_domain::{App, Error, ErrorCode, Isolation, Result, ServiceName, glob};
use tenantry_migrate::plan::{self, Ask, Basis, Plan as Planned};
use tenantry_migrate::rollout::{Direction, Preview, Request, Rollout};
use tenantry_migrate::source::read_service;

use super::arguments::Arguments;
use crate::Context;
use crate::commands::url::service;
use crate::config::Config;
use crate::servers::Servers;
use render::View;

/// Arguments of `migrate plan`.
#[derive(clap::Args, Debug)]
pub struct Plan {
    /// Ask no server: look at every file, each as if those before it were rolled out
    #[arg(long)]
    offline: bool,
    /// With --offline: the newest migration that is rolled out; only what follows is looked at
    #[arg(long, value_name = "N", requires = "offline")]
    from: Option<String>,
    /// The migration to stop at: its number, its name or its file; default: the newest
    #[arg(long, value_name = "N")]
    to: Option<String>,
    /// Only this service
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// Only tenants whose slug matches, as `up` takes it
    #[arg(long, value_name = "GLOB", conflicts_with = "offline")]
    tenants: Option<String>,
    /// Who would come first: a number of tenants, or label=NAME
    #[arg(long, value_name = "N|label=NAME", conflicts_with = "offline")]
    canary: Option<String>,
    /// Tenants at the same time on each cluster; default: as the limits say
    #[arg(long, value_name = "N", conflicts_with = "offline")]
    jobs: Option<usize>,
    /// Tenants that may fail before the rollout stops: a number, or a share such as 2%
    #[arg(long, value_name = "N|N%", conflicts_with = "offline")]
    max_failures: Option<String>,
    /// Show the SQL as it would run, for each isolation
    #[arg(long)]
    sql: bool,
    /// With --sql: only for shared, schema or database
    #[arg(long, value_name = "I", requires = "sql")]
    isolation: Option<String>,
    /// Fail when something dangerous is found, for instance in a pull request
    #[arg(long)]
    strict: bool,
}

/// What the plan is made against, as it came out.
enum Ground {
    Servers(Box<Servers>),
    /// Why no server is asked.
    Offline(String),
}

/// Prints the plan.
///
/// # Errors
/// Those of the folders and the servers; `version_unknown`, `migration_syntax`, `shape_refused`; with `--strict`,
/// `plan_findings`.
pub async fn run(context: &Context, ask: Plan) -> Result<ExitCode> {
    let config = Config::load(context.global.dir.as_deref())?;
    let isolation = ask.isolation.as_deref().map(str::parse::<Isolation>).transpose()?;
    let only = match &ask.service {
        Some(name) => Some(service(&config.app, Some(name))?),
        None => None,
    };
    if (ask.from.is_some() || ask.to.is_some()) && only.is_none() {
        service(&config.app, None)?;
    }
    let request = request(&config.app, &ask, only.as_ref())?;
    let ground = if ask.offline {
        Ground::Offline(String::new())
    } else {
        read_only(context, &config, only.as_ref()).await?
    };
    let (planned, why) = match ground {
        Ground::Servers(servers) => {
            let asked = asked(&config, &ask, &request, &servers).await;
            let closed = servers.close().await;
            match asked {
                Ok(asked) => closed.map(|()| (asked, None))?,
                Err(e) if e.code() == ErrorCode::ServerUnreachable => {
                    offline(&config, &ask, &request, without(&e.sentence())).await?
                }
                Err(e) => return Err(e),
            }
        }
        Ground::Offline(why) => offline(&config, &ask, &request, why).await?,
    };
    let (planned, preview) = planned;
    let view = View { sql: ask.sql, isolation };
    let count = planned.findings().count();
    let value = json!({
        "offline": why.is_some(),
        "services": planned.services,
        "rollout": preview,
        "findings": count,
    });
    context.output.result(&value, || view.render(&planned, preview.as_ref()))?;
    if let Some(why) = why.filter(|why| !why.is_empty()) {
        context.output.note(&why);
    }
    if ask.strict && count > 0 {
        let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
        return Err(Error::new(ErrorCode::PlanFindings, findings));
    }
    Ok(ExitCode::SUCCESS)
}

/// What `up` would be asked for.
fn request(app: &App, ask: &Plan, only: Option<&ServiceName>) -> Result<Request> {
    let arguments = Arguments {
        service: only.cloned(),
        tenants: ask.tenants.clone(),
        canary: ask.canary.clone(),
        jobs: ask.jobs,
        max_failures: ask.max_failures.clone(),
    };
    arguments.request(app, Direction::Up, ask.to.as_slice())
}

type Made = (Planned, Option<Preview>);

/// The plan as the servers have it, and the way that a rollout would take.
async fn asked(config: &Config, ask: &Plan, request: &Request, servers: &Servers) -> Result<Made> {
    // On a server that only other apps use there is no control database yet.
    let registry = match servers.registry.client().await {
        Ok(_) => Some(servers.registry.clone()),
        Err(_) => None,
    };
    let wanted = match (&registry, &ask.tenants) {
        (Some(registry), Some(pattern)) => {
            let all = registry.tenants().await?.into_iter().map(|r| r.tenant);
            Some(all.filter(|t| glob::matches(pattern, t.slug.as_str())).map(|t| t.id).collect::<Vec<_>>())
        }
        _ => None,
    };
    let standings = plan::standings(&config.app, &servers.clusters, wanted.as_deref()).await?;
    let (app, service, to) = (config.app.clone(), request.service.clone(), ask.to.clone());
    let kept = registry.clone();
    let planned = blocking(move || {
        let (basis, service) = (Basis::Servers(&standings), service.as_ref());
        plan::plan(&app, &Ask { basis, service, to: to.as_deref(), registry: kept.as_ref() })
    })
    .await?;
    let preview = match registry {
        Some(registry) if planned.services.iter().any(|s| !s.files.is_empty()) => {
            let rollout = Rollout::new(Arc::new(config.app.clone()), registry, servers.clusters.clone());
            Some(rollout.preview(request, &planned.halts()).await?)
        }
        _ => None,
    };
    Ok((planned, preview))
}

/// The plan of the folders alone.
async fn offline(
    config: &Config,
    ask: &Plan,
    request: &Request,
    why: String,
) -> Result<(Made, Option<String>)> {
    let (app, service) = (config.app.clone(), request.service.clone());
    let (from, to) = (ask.from.clone(), ask.to.clone());
    let planned = blocking(move || {
        let (basis, service) = (Basis::Offline { from: from.as_deref() }, service.as_ref());
        plan::plan(&app, &Ask { basis, service, to: to.as_deref(), registry: None })
    })
    .await?;
    Ok(((planned, None), Some(why)))
}

async fn blocking(work: impl FnOnce() -> Result<Planned> + Send + 'static) -> Result<Planned> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::new(ErrorCode::Internal, "make the plan").because(e))?
}

fn without(why: &str) -> String {
    format!(
        "{why}: every file counts as pending, and each is looked at as if those before it were rolled out"
    )
}

/// The servers; none that answers counts as if nothing were applied anywhere.
async fn read_only(context: &Context, config: &Config, only: Option<&ServiceName>) -> Result<Ground> {
    // A folder that is not understood is told of before a server is started.
    for service in config.app.services.values().filter(|s| only.is_none_or(|name| *name == s.name)) {
        read_service(service)?;
    }
    match Servers::open(context, config).await {
        Ok(Some(servers)) => Ok(Ground::Servers(Box::new(servers))),
        Ok(None) => Ok(Ground::Offline(without("no server was set up here yet"))),
        Err(e) if e.code() == ErrorCode::ServerUnreachable => Ok(Ground::Offline(without(&e.sentence()))),
        Err(e) => Err(e),
    }
}
