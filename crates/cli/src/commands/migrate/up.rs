//! `tenantry migrate up`: brings every tenant to the newest migration.

use std::process::ExitCode;

use tenantry_domain::Result;
use tenantry_migrate::rollout::Direction;

use super::arguments::Arguments;
use super::rollout::{roll_out, tell};
use crate::Context;
use crate::config::Config;
use crate::stack::with_stack_and_wishes;

/// Arguments of `migrate up`.
#[derive(clap::Args, Debug)]
pub struct Up {
    /// The migration to stop at (its number, name or file), for all services or (SERVICE=N) for one; default: the newest
    #[arg(long, value_name = "[SERVICE=]N")]
    to: Vec<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// Applies what is pending.
///
/// # Errors
/// Those of migrations and servers; `rollout_failed`.
pub async fn run(context: &Context, up: Up) -> Result<ExitCode> {
    let config = Config::load(context.global.dir.as_deref())?;
    let request = up.arguments.request(&config.app, Direction::Up, &up.to)?;
    with_stack_and_wishes(context, async |stack, wishes| {
        let end = roll_out(context, stack, &request, Some(wishes)).await?;
        tell(context, &end, Direction::Up)
    })
    .await
}
