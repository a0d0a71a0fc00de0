//! `tenantry migrate plan`: what would run where, and what is dangerous about it. Changes nothing.

mod render;

use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName};
use tenantry_migrate::plan::{self, Ask, Basis, Plan as Planned, Standing};
use tenantry_migrate::source::read_service;

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
    Servers(Vec<Standing>),
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
    let ground = if ask.offline {
        Ground::Offline(String::new())
    } else {
        read_only(context, &config, only.as_ref()).await?
    };
    let planned = make(&config, &ask, only, &ground).await?;
    let view = View { sql: ask.sql, isolation };
    let count = planned.findings().count();
    let value = json!({
        "offline": matches!(ground, Ground::Offline(_)),
        "services": planned.services,
        "findings": count,
    });
    context.output.result(&value, || view.render(&planned))?;
    if let Ground::Offline(why) = &ground
        && !why.is_empty()
    {
        context.output.note(why);
    }
    if ask.strict && count > 0 {
        let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
        return Err(Error::new(ErrorCode::PlanFindings, findings));
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(config: &Config, ask: &Plan, only: Option<ServiceName>, ground: &Ground) -> Result<Planned> {
    let app = config.app.clone();
    let (from, to) = (ask.from.clone(), ask.to.clone());
    let standings = match ground {
        Ground::Servers(standings) => Some(standings.clone()),
        Ground::Offline(_) => None,
    };
    let work = move || {
        let basis = match &standings {
            Some(standings) => Basis::Servers(standings),
            None => Basis::Offline { from: from.as_deref() },
        };
        plan::plan(&app, &Ask { basis, service: only.as_ref(), to: to.as_deref() })
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::new(ErrorCode::Internal, "make the plan").because(e))?
}

/// Where everything stands; without a server that answers, as if nothing were applied anywhere.
async fn read_only(context: &Context, config: &Config, only: Option<&ServiceName>) -> Result<Ground> {
    // A folder that is not understood is told of before a server is started.
    for service in config.app.services.values().filter(|s| only.is_none_or(|name| *name == s.name)) {
        read_service(service)?;
    }
    let offline = |why: &str| {
        Ok(Ground::Offline(format!(
            "{why}: every file counts as pending, and each is looked at as if those before it were rolled out"
        )))
    };
    let servers = match Servers::open(context, config).await {
        Ok(Some(servers)) => servers,
        Ok(None) => return offline("no server was set up here yet"),
        Err(e) if e.code() == ErrorCode::ServerUnreachable => return offline(&e.sentence()),
        Err(e) => return Err(e),
    };
    let standings = plan::standings(&config.app, &servers.clusters).await;
    let closed = servers.close().await;
    match standings {
        Ok(standings) => closed.map(|()| Ground::Servers(standings)),
        Err(e) if e.code() == ErrorCode::ServerUnreachable => offline(&e.sentence()),
        Err(e) => Err(e),
    }
}
