//! `tenantry migrate ...`: one file for each subcommand.

mod new;
mod plan;
mod up;

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;

/// The subcommands of `migrate`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Write the files of the next migration, in the style of the folder
    New(new::New),
    /// Show what would run where, its locks, and what is dangerous about it; changes nothing
    Plan(plan::Plan),
    /// Apply what is pending: to the templates, then to every tenant
    Up(up::Up),
}

/// Runs one.
///
/// # Errors
/// Its own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::New(new) => new::run(context, &new),
        Command::Plan(plan) => plan::run(context, plan).await,
        Command::Up(up) => up::run(context, up).await,
    }
}
