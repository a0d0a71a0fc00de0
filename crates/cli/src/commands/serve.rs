//! `tenantry serve`: the server, or one of its roles.

use std::process::ExitCode;

use tenantry_domain::{Error, ErrorCode, Result};

use crate::Context;
use crate::config::Config;
use crate::serving::{self, Door, Parts};

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
pub struct Serve {
    /// control (HTTP), worker (jobs) or all
    #[arg(long, value_name = "ROLE", default_value = "all")]
    role: String,
    /// Where the HTTP listener listens; port 0 takes a free one; default: as tenantry.toml says
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
}

/// Serves until a signal comes.
///
/// # Errors
/// `usage`, and those of set-up.
pub async fn run(context: &Context, serve: Serve) -> Result<ExitCode> {
    let parts = parts(&serve.role)?;
    let config = Config::load(context.global.dir.as_deref())?;
    let door = if parts.http {
        Some(Door::open(serve.http.as_deref().unwrap_or(&config.app.http_listen)).await?)
    } else {
        None
    };
    let at = door.as_ref().map(|door| format!(", HTTP on {}", door.url())).unwrap_or_default();
    serving::run(context, door, parts, async |stack| {
        let app = &stack.platform.app.name;
        context.output.note(&format!("serving {app}, role {}{at}; Ctrl-C stops", serve.role));
        Ok(())
    })
    .await
}

fn parts(role: &str) -> Result<Parts> {
    let refused = |what: String| {
        Err(Error::new(ErrorCode::Usage, what).help("use --role control, --role worker or --role all"))
    };
    match role {
        "all" => Ok(Parts { http: true, worker: true }),
        "control" => Ok(Parts { http: true, worker: false }),
        "worker" => Ok(Parts { http: false, worker: true }),
        "data" | "gateway" => refused(format!("this version of Tenantry has no role {role} yet")),
        _ => refused(format!("there is no role {role:?}")),
    }
}
