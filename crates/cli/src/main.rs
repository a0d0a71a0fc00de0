//! The executable: arguments in, one command run, an exit code out.

mod address_file;
mod commands;
mod config;
mod demo;
mod examples;
mod gateway;
mod logging;
mod output;
mod paths;
mod progress;
mod ready_file;
mod servers;
mod serving;
mod shutdown;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tenantry_domain::{ErrorCode, Result, ResultExt as _};

use crate::commands::{
    config as config_command, doctor, init, job, migrate, psql, serve, sql, tenant, up, url,
};
use crate::output::Output;

/// Turns PostgreSQL into a multi-tenant platform.
#[derive(Debug, Parser)]
#[command(
    name = "tenantry",
    version,
    about = "Turns PostgreSQL into a multi-tenant platform",
    max_term_width = 120,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The app's folder, which holds tenantry.toml; default: the current one or the nearest above it
    #[arg(long, global = true, value_name = "DIR", env = "TENANTRY_DIR", hide_env_values = true)]
    pub dir: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Use this server, as its superuser, where tenantry.toml names none; default: an embedded one
    #[arg(long, global = true, value_name = "URL", env = "TENANTRY_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Tell more on standard error; twice: still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the folder of a new app, or of an example
    Init(init::Init),
    /// Start everything that the app needs, on an embedded PostgreSQL unless a server is named
    Up(up::Up),
    /// Run the server, or one of its roles
    Serve(serve::Serve),
    /// Create, look at and change tenants
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Print a tenant's database URL, with a credential that is valid for some hours
    Url(url::Url),
    /// Open psql as a tenant
    Psql(psql::Psql),
    /// Run a query over many tenants, whatever their isolation
    Sql(sql::Sql),
    /// Bring the database schema of all tenants to another version
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Look at jobs, try them again, cancel them
    #[command(subcommand)]
    Job(job::Command),
    /// Prove that tenants are kept apart: from the catalogs, and with attacks between two throw-away tenants
    Doctor(doctor::Doctor),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config_command::Command),
}

/// What a command is run with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The flags that every command takes.
    pub global: Global,
    /// Where results go.
    pub output: Output,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    let serves = matches!(cli.command, Command::Up(_) | Command::Serve(_));
    let result = logging::start(cli.global.verbose, serves).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .code(ErrorCode::Io, "start the runtime")?;
        let result = runtime.block_on(run(cli, output));
        runtime.shutdown_background();
        result
    });
    result.unwrap_or_else(|e| output.fail(&e))
}

async fn run(cli: Cli, output: Output) -> Result<ExitCode> {
    let context = Context { global: cli.global, output };
    match cli.command {
        Command::Up(command) => up::run(&context, command).await,
        Command::Serve(command) => serve::run(&context, command).await,
        Command::Psql(command) => psql::run(&context, command).await,
        Command::Init(command) => init::run(&context, command),
        Command::Config(command) => config_command::run(&context, command),
        Command::Tenant(command) => tenant::run(&context, command).await,
        Command::Url(command) => url::run(&context, command).await,
        Command::Sql(command) => sql::run(&context, command).await,
        Command::Migrate(command) => migrate::run(&context, command).await,
        Command::Job(command) => job::run(&context, command).await,
        Command::Doctor(command) => doctor::run(&context, command).await,
    }
}
