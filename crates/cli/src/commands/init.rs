//! `tenantry init`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{Result, ResultExt as _};

use crate::{Context, examples, paths};

/// Arguments of `init`.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// Copy this example instead of writing the first files of a new app
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// The folder to make; an empty one will do
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes the folder.
///
/// # Errors
/// `example_unknown`, `directory_not_empty`, `io`.
pub fn run(context: &Context, command: Init) -> Result<ExitCode> {
    match &command.example {
        Some(name) => examples::write_example(name, &command.directory)?,
        None => {
            examples::write_starter(&command.directory)?;
        }
    }
    let full = command
        .directory
        .canonicalize()
        .code(tenantry_domain::ErrorCode::Io, format!("read {}", command.directory.display()))?;
    context.output.result(&json!({ "directory": full }), || {
        let tenantry = paths::command_line(&full);
        format!(
            "made {}\n\nstart it:         {tenantry} up\ncreate a tenant:  {tenantry} tenant create acme",
            paths::for_people(&full)
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
