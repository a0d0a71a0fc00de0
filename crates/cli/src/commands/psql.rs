//! `tenantry psql`: the tenant's own login, through the gateway where one runs, with everything but the command in the environment.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_lifecycle::credentials::Credential;
use tenantry_postgres::embedded::{Mode, find_installation};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::Context;
use crate::commands::url::{gateway, open_door, service};
use crate::shutdown;
use crate::stack::Stack;

/// Where Debian and its like put the clients, by major version.
const VERSIONED: &str = "/usr/lib/postgresql";

/// Arguments of `psql`.
#[derive(clap::Args, Debug)]
pub struct Psql {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
    /// The service; needed where the app has several
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// Arguments for psql itself, after --
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Runs psql; its exit code becomes ours.
///
/// # Errors
/// `tenant_unknown`, `tenant_suspended`, `service_unknown`, `postgres_missing` without psql.
pub async fn run(context: &Context, psql: Psql) -> Result<ExitCode> {
    // Ctrl-C cancels psql's query: it is not for us. Psql itself ends with us.
    let _interrupts = signal(SignalKind::interrupt()).code(ErrorCode::Io, "listen for signals")?;
    let mut ends = signal(SignalKind::terminate()).code(ErrorCode::Io, "listen for signals")?;
    let stack = Stack::open(context, Mode::Shared).await?;
    let code = tokio::select! {
        code = open(&stack, &psql) => code,
        _ = ends.recv() => Ok(ExitCode::from(shutdown::EXIT_INTERRUPTED)),
    };
    let closed = stack.close().await;
    let code = code?;
    closed.map(|()| code)
}

async fn open(stack: &Stack, psql: &Psql) -> Result<ExitCode> {
    let program = find(stack).await?;
    let credential = if gateway(&stack.config.state()).await.is_some() {
        open_door(stack, &psql.slug, psql.service.as_deref()).await?
    } else {
        let row = stack.registry().find_tenant(&psql.slug).await?;
        let service = service(&stack.platform.app, psql.service.as_deref())?;
        stack.platform.credential(&row, &service).await?
    };
    let status = command(&program, &credential, &psql.args)
        .status()
        .await
        .code(ErrorCode::Io, format!("run {}", program.display()))?;
    Ok(exit_code(status))
}

fn command(program: &PathBuf, credential: &Credential, args: &[OsString]) -> Command {
    let server = &credential.server;
    let mut command = Command::new(program);
    command
        .args(args)
        .kill_on_drop(true)
        .env("PGHOST", &server.host)
        .env("PGPORT", server.port.to_string())
        .env("PGUSER", &server.user)
        .env("PGDATABASE", &credential.database)
        .env("PGPASSWORD", server.password.reveal())
        .env("PGSSLMODE", server.sslmode.as_str())
        .env_remove("TENANTRY_DATABASE_URL")
        .env_remove("PGOPTIONS")
        .env_remove("PGSERVICE")
        .env_remove("PGHOSTADDR");
    match &server.root_certificates {
        Some(file) => command.env("PGSSLROOTCERT", file),
        None => command.env_remove("PGSSLROOTCERT"),
    };
    command
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Beside the embedded server's binaries, else on `PATH`, else where Debian puts the newest.
async fn find(stack: &Stack) -> Result<PathBuf> {
    let mut folders = Vec::new();
    if stack.is_embedded()
        && let Ok(installation) = find_installation(None).await
    {
        folders.push(installation.bin);
    }
    folders.extend(std::env::var_os("TENANTRY_PG_BIN").map(PathBuf::from));
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(VERSIONED)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    folders.extend(versions.into_iter().map(|(_, bin)| bin));
    folders.into_iter().map(|folder| folder.join("psql")).find(|program| program.is_file()).ok_or_else(|| {
        Error::new(ErrorCode::PostgresMissing, "psql was not found")
            .help("install PostgreSQL's client, or use `tenantry url SLUG --direct` with another tool")
    })
}
