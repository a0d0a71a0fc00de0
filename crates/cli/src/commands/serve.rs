//! `tenantry serve`: the server, or one of its roles.

use std::process::ExitCode;

use tenantry_domain::{Error, ErrorCode, Result};

use crate::Context;
use crate::config::Config;
use crate::gateway::{self, GatewayDoor};
use crate::serving::{self, Door, Doors, Parts};

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
pub struct Serve {
    /// control (HTTP), worker (jobs), gateway or all
    #[arg(long, value_name = "ROLE", default_value = "all")]
    role: String,
    /// Where the HTTP listener listens; port 0 takes a free one; default: as tenantry.toml says
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Where the gateway listens; port 0 takes a free one; default: as tenantry.toml says
    #[arg(long, value_name = "ADDR")]
    gateway: Option<String>,
}

/// Serves until a signal comes.
///
/// # Errors
/// `usage`, and those of set-up.
pub async fn run(context: &Context, serve: Serve) -> Result<ExitCode> {
    let parts = parts(&serve.role)?;
    let config = Config::load(context.global.dir.as_deref())?;
    let mut doors = Doors::default();
    let mut at = String::new();
    if parts.http {
        let door = Door::open(serve.http.as_deref().unwrap_or(&config.app.http_listen)).await?;
        at += &format!(", HTTP on {}", door.url());
        doors.http = Some(door);
    }
    if parts.gateway {
        let door = GatewayDoor::open(context, serve.gateway.as_deref(), &config).await?;
        if let (false, Some(url)) = (parts.http || parts.worker, &config.app.gateway.control_url) {
            return gateway::run_alone(context, &config, url, door).await;
        }
        at += &format!(", gateway on {}", door.url());
        doors.gateway = Some(door);
    }
    serving::run(context, doors, parts, async |stack| {
        let app = &stack.platform.app.name;
        context.output.note(&format!("serving {app}, role {}{at}; Ctrl-C stops", serve.role));
        Ok(())
    })
    .await
}

fn parts(role: &str) -> Result<Parts> {
    let refused = |what: String| {
        Err(Error::new(ErrorCode::Usage, what)
            .help("use --role control, --role worker, --role gateway or --role all"))
    };
    match role {
        "all" => Ok(Parts { http: true, worker: true, gateway: true }),
        "control" => Ok(Parts { http: true, worker: false, gateway: false }),
        "worker" => Ok(Parts { http: false, worker: true, gateway: false }),
        "gateway" => Ok(Parts { http: false, worker: false, gateway: true }),
        "data" => refused(format!("this version of Tenantry has no role {role} yet")),
        _ => refused(format!("there is no role {role:?}")),
    }
}
