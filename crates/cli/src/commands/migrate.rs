//! `tenantry migrate ...`: one file for each subcommand.

mod arguments;
mod bar;
mod down;
mod drift;
mod list;
mod new;
mod plan;
mod rollout;
mod show;
mod status;
mod steer;
mod up;
mod vary;

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;

pub use rollout::roll_out;

/// The subcommands of `migrate`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Compare what tenants really hold with their template; exit code 1 where something drifts
    Drift(drift::Drift),
    /// Write the files of the next migration, in the style of the folder
    New(new::New),
    /// Show what would run where, its locks, and what is dangerous about it; changes nothing
    Plan(plan::Plan),
    /// Apply what is pending: to the templates, then to canaries, then to every tenant in waves
    Up(up::Up),
    /// Take migrations back, from every tenant
    Down(down::Down),
    /// Tell how many tenants have which version, and who is held back by what
    Status,
    /// List the newest rollouts
    List,
    /// Show a rollout: its steps, and the tenants that it could not bring along
    Show(show::Show),
    /// Stop the rollout that is under way; the tenants in hand are finished
    Pause,
    /// Go on with a rollout that was paused, or whose process is gone
    Resume,
    /// Make one tenant different on purpose: drift knows it, and migrations keep it
    Vary(vary::Vary),
}

/// Runs one.
///
/// # Errors
/// Its own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Drift(drift) => drift::run(context, drift).await,
        Command::New(new) => new::run(context, &new),
        Command::Plan(plan) => plan::run(context, plan).await,
        Command::Up(up) => up::run(context, up).await,
        Command::Down(down) => down::run(context, down).await,
        Command::Status => status::run(context).await,
        Command::List => list::run(context).await,
        Command::Show(show) => show::run(context, show).await,
        Command::Pause => steer::pause(context).await,
        Command::Resume => steer::resume(context).await,
        Command::Vary(vary) => vary::run(context, vary).await,
    }
}
