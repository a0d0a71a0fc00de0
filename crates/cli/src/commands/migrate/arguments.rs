//! What `up` and `down` have in common: whom, in which order, how fast.

use tenantry_domain::{App, Error, ErrorCode, Result, ServiceName};
use tenantry_migrate::rollout::{Canary, Direction, Request, Threshold};
use tenantry_migrate::source::{read_service, resolve};

use crate::commands::url::service;

/// Arguments of every rollout.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this service
    #[arg(long, value_name = "S")]
    pub(super) service: Option<ServiceName>,
    /// Only tenants whose slug matches; * stands for any characters, ? for one
    #[arg(long, value_name = "GLOB")]
    pub(super) tenants: Option<String>,
    /// Who comes first: a number of tenants, or label=NAME; if one of them fails, nobody else is touched
    #[arg(long, value_name = "N|label=NAME")]
    pub(super) canary: Option<String>,
    /// Tenants at the same time on each cluster; default: as the limits say
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Tenants that may fail before the rollout stops: a number, or a share such as 2%
    #[arg(long, value_name = "N|N%")]
    pub(super) max_failures: Option<String>,
}

impl Arguments {
    /// As the engine takes them; each `to` is `N` or `SERVICE=N`, where N is what people call a migration.
    ///
    /// # Errors
    /// `usage`, `service_unknown`, `version_unknown`; those of the folders.
    pub fn request(self, app: &App, direction: Direction, to: &[String]) -> Result<Request> {
        if self.jobs == Some(0) {
            return Err(Error::new(ErrorCode::Usage, "--jobs must be at least 1"));
        }
        Ok(Request {
            direction,
            to: versions(app, self.service.as_ref(), to)?,
            service: self.service,
            tenants: self.tenants,
            canary: self.canary.map(|c| c.parse::<Canary>()).transpose()?,
            parallel: self.jobs,
            threshold: self.max_failures.map(|t| t.parse::<Threshold>()).transpose()?,
        })
    }
}

/// The versions that are meant, service by service.
fn versions(app: &App, only: Option<&ServiceName>, to: &[String]) -> Result<Vec<(Option<ServiceName>, i64)>> {
    let mut versions = Vec::new();
    for text in to {
        let (named, text) = match text.split_once('=') {
            Some((named, text)) => (Some(service(app, Some(named))?), text),
            None => (only.cloned(), text.as_str()),
        };
        for service in app.services.values().filter(|s| named.as_ref().is_none_or(|n| *n == s.name)) {
            let version = resolve(&read_service(service)?.migrations, text)
                .map_err(|e| e.context(format!("service {}", service.name)))?;
            versions.push((Some(service.name.clone()), version));
        }
    }
    Ok(versions)
}
