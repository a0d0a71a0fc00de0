//! Where the log goes: standard error, so that results on standard output stay clean.

use std::io::IsTerminal as _;

use tenantry_domain::{Error, ErrorCode, Result};
use tracing_subscriber::EnvFilter;

/// The variable that sets what is logged, in the syntax of `tracing_subscriber`'s filters.
const VARIABLE: &str = "TENANTRY_LOG";

/// Starts the log. A server logs warnings; a command shows its own errors, so it logs nothing less unless asked to.
///
/// # Errors
/// `config_invalid` when the variable is not a filter.
pub fn start(verbose: u8, serves: bool) -> Result<()> {
    let filter = match std::env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(&text).map_err(|e| {
            Error::new(ErrorCode::ConfigInvalid, format!("{VARIABLE}={text:?} is not a filter"))
                .because(e)
                .help("use a level (error, warn, info, debug, trace) or a list such as warn,tenantry_jobs=debug")
        })?,
        _ => EnvFilter::new(match (verbose, serves) {
            (0, false) => "off",
            (0, true) => "warn",
            (1, _) => "info",
            (2, _) => "info,tenantry=debug,tenantry_jobs=debug,tenantry_lifecycle=debug,tenantry_postgres=debug",
            (3.., _) => "debug",
        }),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|e| Error::new(ErrorCode::Internal, "start the log").because(e))
}
