//! What `up` and `down` have in common: whom, in which order, how fast.

use tenantry_domain::{Error, ErrorCode, Result, ServiceName};
use tenantry_migrate::rollout::{Canary, Direction, Request, Threshold};

/// Arguments of every rollout.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this service
    #[arg(long, value_name = "S")]
    service: Option<ServiceName>,
    /// Only tenants whose slug matches; * stands for any characters, ? for one
    #[arg(long, value_name = "GLOB")]
    tenants: Option<String>,
    /// Who comes first: a number of tenants, or label=NAME; if one of them fails, nobody else is touched
    #[arg(long, value_name = "N|label=NAME")]
    canary: Option<String>,
    /// Tenants at the same time on each cluster; default: as the limits say
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Tenants that may fail before the rollout stops: a number, or a share such as 2%
    #[arg(long, value_name = "N|N%")]
    max_failures: Option<String>,
}

impl Arguments {
    /// As the engine takes them; each `to` is `N` or `SERVICE=N`.
    pub fn request(self, direction: Direction, to: &[String]) -> Result<Request> {
        if self.jobs == Some(0) {
            return Err(Error::new(ErrorCode::Usage, "--jobs must be at least 1"));
        }
        Ok(Request {
            direction,
            to: to.iter().map(|t| version(t)).collect::<Result<_>>()?,
            service: self.service,
            tenants: self.tenants,
            canary: self.canary.map(|c| c.parse::<Canary>()).transpose()?,
            parallel: self.jobs,
            threshold: self.max_failures.map(|t| t.parse::<Threshold>()).transpose()?,
        })
    }
}

fn version(text: &str) -> Result<(Option<ServiceName>, i64)> {
    let (service, number) = match text.split_once('=') {
        Some((service, number)) => (Some(service.parse::<ServiceName>()?), number),
        None => (None, text),
    };
    let number = number.parse::<i64>().ok().filter(|n| *n >= 0);
    number.map(|n| (service, n)).ok_or_else(|| {
        Error::new(ErrorCode::Usage, format!("{text:?} is not a version"))
            .help("use the number of a migration (5), of one service (crm=5), or 0")
    })
}
