//! `tenantry migrate up`: brings every tenant to the newest migration.

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;
use crate::stack::with_stack;

/// Arguments of `migrate up`.
#[derive(clap::Args, Debug)]
pub struct Up {}

/// Applies what is pending.
///
/// # Errors
/// Those of migrations and servers.
pub async fn run(context: &Context, _up: Up) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        stack.set_up(context).await?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}
