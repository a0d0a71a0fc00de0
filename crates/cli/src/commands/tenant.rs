//! `tenantry tenant ...`: one file for each group of subcommands.

mod change;
mod create;
mod delete;
mod label;
mod list;
mod show;

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;

/// The subcommands of `tenant`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Create a tenant
    Create(create::Create),
    /// List the tenants
    List,
    /// Show a tenant: where its data lives, its jobs, what was done to it
    Show(show::Show),
    /// Keep everybody out of a tenant; its data stays
    Suspend(change::One),
    /// Let a suspended tenant in again
    Resume(change::One),
    /// Give a tenant another slug
    Rename(change::Rename),
    /// Give a tenant labels, or take them away
    Label(label::Label),
    /// Delete a tenant; it is kept for a while and can be restored
    Delete(delete::Delete),
    /// Bring a deleted tenant back
    Restore(change::One),
}

/// Runs one.
///
/// # Errors
/// Its own.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Create(create) => create::run(context, create).await,
        Command::List => list::run(context).await,
        Command::Show(show) => show::run(context, show).await,
        Command::Suspend(one) => change::run(context, &one, change::Kind::Suspend).await,
        Command::Resume(one) => change::run(context, &one, change::Kind::Resume).await,
        Command::Restore(one) => change::run(context, &one, change::Kind::Restore).await,
        Command::Rename(rename) => change::rename(context, rename).await,
        Command::Label(label) => label::run(context, label).await,
        Command::Delete(delete) => delete::run(context, delete).await,
    }
}
