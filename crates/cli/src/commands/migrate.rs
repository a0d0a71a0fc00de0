//! `tenantry migrate ...`: one file for each subcommand.

mod up;

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;

/// The subcommands of `migrate`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Apply what is pending: to the templates, then to every tenant
    Up(up::Up),
}

/// Runs one.
///
/// # Errors
/// Its own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(up) => up::run(context, up).await,
    }
}
