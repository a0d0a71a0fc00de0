//! `tenantry migrate down`: takes migrations back from every tenant.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_migrate::rollout::{Direction, Pending};

use super::arguments::Arguments;
use super::rollout::{End, roll_out, tell};
use crate::Context;
use crate::config::Config;
use crate::stack::with_stack_and_wishes;

/// Arguments of `migrate down`.
#[derive(clap::Args, Debug)]
pub struct Down {
    /// The migration to go back to (its number, name or file), for all services or (SERVICE=N) for one; none: before the
    /// first
    #[arg(long, value_name = "[SERVICE=]N", required = true)]
    to: Vec<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// Takes migrations back.
///
/// # Errors
/// `migration_down_missing`, and those of migrations and servers; `rollout_failed`.
pub async fn run(context: &Context, down: Down) -> Result<ExitCode> {
    let config = Config::load(context.global.dir.as_deref())?;
    let request = down.arguments.request(&config.app, Direction::Down, &down.to)?;
    with_stack_and_wishes(context, async |stack, wishes| {
        let pending = stack.migrator.pending(&request).await?;
        if pending.sites.iter().all(|s| !s.lags) {
            return tell(context, &End::Nothing(pending), Direction::Down);
        }
        if !down.yes {
            confirm(&pending)?;
        }
        let end = roll_out(context, stack, &request, Some(wishes)).await?;
        tell(context, &end, Direction::Down)
    })
    .await
}

/// Asks whoever sits there.
fn confirm(pending: &Pending) -> Result<()> {
    let goals: Vec<String> = pending
        .sites
        .iter()
        .filter(|s| s.lags)
        .map(|s| format!("{} on {} from {} to {}", s.service, s.cluster, s.version, s.to))
        .collect();
    let what =
        format!("taking migrations back ({}; {} tenants) can lose data", goals.join(", "), pending.tenants());
    if !io::stdin().is_terminal() {
        return Err(Error::new(ErrorCode::Usage, format!("{what} and was not confirmed")).help("add --yes"));
    }
    let _ = write!(io::stderr(), "{what}. Type yes to go on: ");
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).code(ErrorCode::Io, "read the answer")?;
    if typed.trim() == "yes" {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Usage, "nothing was taken back: something else was typed")
        .help("type yes, or add --yes"))
}
