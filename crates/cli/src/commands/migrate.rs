//! `tenantry migrate ...`: one file for each subcommand.

mod drift;
mod new;
mod up;

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;

/// The subcommands of `migrate`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Compare what tenants really hold with their template; exit code 1 where something drifts
    Drift(drift::Drift),
    /// Write the files of the next migration, in the style of the folder
    New(new::New),
    /// Apply what is pending: to the templates, then to every tenant
    Up(up::Up),
}

/// Runs one.
///
/// # Errors
/// Its own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Drift(drift) => drift::run(context, drift).await,
        Command::New(new) => new::run(context, &new),
        Command::Up(up) => up::run(context, up).await,
    }
}
