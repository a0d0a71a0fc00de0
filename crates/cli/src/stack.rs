//! Everything that a command works with, opened in order: configuration, servers, control database, platform, worker.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode, JobId, Result};
use tenantry_jobs::{Job, JobStatus, Worker, queue};
use tenantry_lifecycle::{Platform, operations};
use tenantry_migrate::Migrator;
use tenantry_migrate::rollout::{KIND, Request};
use tenantry_migrate::vary::{self, Variations};
use tenantry_postgres::bootstrap;
use tenantry_postgres::check::check;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tenantry_postgres::error::sqlstate;
use tenantry_postgres::pool::Pool;
use tenantry_postgres::server::Server;
use tenantry_registry::{Registry, migrations};
use tokio::sync::watch;

use crate::Context;
use crate::commands::migrate::roll_out;
use crate::config::Config;
use crate::progress::Work;
use crate::shutdown::{self, Wish};

/// What these connections call themselves in `pg_stat_activity`.
const APPLICATION_NAME: &str = "tenantry";
/// The database to log in to where a URL names none.
const MAINTENANCE_DATABASE: &str = "postgres";
/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_DATABASE: &str = "3D000";
/// Jobs of one tenant that are looked at for those that stand before another.
const JOBS_BEFORE_MAX: i64 = 100;

/// The opened parts.
pub struct Stack {
    /// The app's folder and configuration.
    pub config: Config,
    /// The engines.
    pub platform: Platform,
    /// What migrates.
    pub migrator: Migrator,
    /// What declares variations of tenants.
    pub variations: Variations,
    /// What runs jobs here.
    pub worker: Worker,
    /// The server of the control database.
    pub control: Server,
    /// The server of whatever has no URL of its own, for the operator.
    pub default: Option<Server>,
    embedded: Option<Embedded>,
}

impl Stack {
    /// Opens everything, for a server (`Exclusive`) or for a command (`Shared`).
    ///
    /// # Errors
    /// Those of the configuration, of the servers, and of the control database.
    pub async fn open(context: &Context, mode: Mode) -> Result<Self> {
        let config = Config::load(context.global.dir.as_deref())?;
        let work = Work::begin(context.output, "open the database server");
        let (default, embedded) = default_server(context, &config, mode).await?;
        let stack = Self::assemble(config, default, embedded, mode).await;
        drop(work);
        stack
    }

    async fn assemble(
        config: Config,
        default: Option<Server>,
        embedded: Option<Embedded>,
        mode: Mode,
    ) -> Result<Self> {
        let app = &config.app;
        let pick = |url: &Option<tenantry_domain::Secret>| match (url, &default) {
            (Some(url), _) => url.reveal().parse::<Server>(),
            (None, Some(server)) => Ok(server.clone()),
            (None, None) => Err(Error::new(ErrorCode::Internal, "a server was needed that was not opened")),
        };
        let control = pick(&app.control_url)?;
        let mut servers = BTreeMap::new();
        for (name, cluster) in &app.clusters {
            servers.insert(name.clone(), pick(&cluster.url)?);
        }
        if mode == Mode::Exclusive {
            let foreign = servers.values().chain([&control]);
            check_servers(foreign.filter(|s| embedded.is_none() || Some(*s) != default.as_ref())).await?;
        }
        let database = app.layout().control_database();
        let limits = app.limits.clone();
        let pool = Pool::new(&control, &database, APPLICATION_NAME, limits.connections_per_database_max)?;
        open_control((&control, &database), &pool, mode).await?;
        let registry = Registry::new(pool.driver());
        registry.declare(app).await?;
        let clusters = Clusters::new(servers, limits.connections_per_database_max).with_replicas_of(app)?;
        let platform = Platform::new(app.clone(), registry.clone(), clusters);
        let migrator = Migrator::new(platform.app.clone(), registry.clone(), platform.clusters.clone());
        let variations = Variations::new(platform.app.clone(), registry.clone(), platform.clusters.clone());
        let mut operations = operations(&platform);
        operations.push(Arc::new(migrator.operation()));
        operations.extend(vary::operations(&variations));
        let worker = Worker::new(registry, operations, limits);
        Ok(Self { config, platform, migrator, variations, worker, control, default, embedded })
    }

    /// The control database.
    pub fn registry(&self) -> &Registry {
        &self.platform.registry
    }

    /// Whether the server is embedded.
    pub const fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Makes roles and databases where they are missing and applies every migration that is. A rollout that somebody
    /// paused stays so, and tenants that one could not bring along keep nobody else from working: both are told of.
    ///
    /// # Errors
    /// Those of migrations and servers.
    pub async fn set_up(&self, context: &Context) -> Result<()> {
        let work = Work::begin(context.output, "set up");
        work.at("roles and databases");
        if let (Some(own), true) = (&self.default, self.is_embedded()) {
            let client = connect(own, maintenance(own), APPLICATION_NAME).await?;
            bootstrap::seal_own_server(&client).await?;
        }
        self.migrator.prepare().await?;
        work.at("logins");
        self.platform.mend_logins().await?;
        self.platform.mend_gateway_login().await?;
        drop(work);
        let open = queue::open_of_kind(self.registry(), KIND).await?;
        if let Some(paused) = open.filter(|j| j.status == JobStatus::Paused) {
            context
                .output
                .note(&format!("rollout {} is paused: `tenantry migrate resume` goes on", paused.id));
            return Ok(());
        }
        match roll_out(context, self, &Request::up(), None).await {
            Ok(_) => Ok(()),
            Err(e)
                if matches!(
                    e.code(),
                    ErrorCode::RolloutFailed | ErrorCode::RolloutOpen | ErrorCode::JobPaused
                ) =>
            {
                context.output.note(&format!("{}: {}", e.code(), e.sentence()));
                context.output.note(e.next_step());
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// Sets up if that was never done here: so that a tenant can be created without a server running.
    ///
    /// # Errors
    /// As [`Stack::set_up`].
    pub async fn set_up_if_new(&self, context: &Context) -> Result<()> {
        let layout = self.platform.app.layout();
        for cluster in self.platform.clusters.names() {
            let server = self.platform.clusters.server(cluster)?;
            let client = connect(server, maintenance(server), APPLICATION_NAME).await?;
            for service in self.platform.app.services.keys() {
                if !bootstrap::database_exists(&client, &layout.template_database(service)).await? {
                    return self.set_up(context).await;
                }
            }
        }
        Ok(())
    }

    /// Runs a job to its end, or waits while a server does, and shows its progress. What stands before it in its
    /// tenant's queue is run too: it may have been left by a process that is gone.
    ///
    /// # Errors
    /// The job's own.
    pub async fn drive(&self, context: &Context, job: JobId, what: &str) -> Result<Job> {
        let work = Work::begin(context.output, what);
        if let Some(tenant) = queue::get(self.registry(), job).await?.tenant {
            let tenant = tenantry_domain::TenantId::from_uuid(tenant);
            let mut before = queue::of_tenant(self.registry(), tenant, JOBS_BEFORE_MAX).await?;
            before.retain(|j| j.id < job && !j.status.is_final());
            for earlier in before.iter().rev() {
                // How it ends is told by `job show`; here it only has to be out of the way.
                let _ = self.worker.drive(earlier.id, &|p| work.job(&p)).await;
            }
        }
        self.worker.drive(job, &|p| work.job(&p)).await
    }

    /// Lets go of the server; an embedded one that nobody else uses stops.
    ///
    /// # Errors
    /// When the server can't be stopped.
    pub async fn close(self) -> Result<()> {
        match self.embedded {
            Some(embedded) => embedded.close().await,
            None => Ok(()),
        }
    }
}

/// Opens the parts for a command, runs it, and lets go of the server however it ended.
///
/// # Errors
/// The command's own, else the server's.
pub async fn with_stack(
    context: &Context,
    command: impl AsyncFnOnce(&Stack) -> Result<ExitCode>,
) -> Result<ExitCode> {
    shutdown::interruptible(Stack::open(context, Mode::Shared), command, Stack::close).await
}

/// As [`with_stack`], for a command that finishes what it has in hand when a signal comes.
///
/// # Errors
/// As [`with_stack`].
pub async fn with_stack_and_wishes(
    context: &Context,
    command: impl AsyncFnOnce(&Stack, watch::Receiver<Wish>) -> Result<ExitCode>,
) -> Result<ExitCode> {
    shutdown::told(Stack::open(context, Mode::Shared), command, Stack::close).await
}

/// The server of whatever has no URL of its own, where that is needed.
///
/// # Errors
/// `usage` for a server that nothing needs; those of the embedded server.
pub async fn default_server(
    context: &Context,
    config: &Config,
    mode: Mode,
) -> Result<(Option<Server>, Option<Embedded>)> {
    let app = &config.app;
    let needed = app.control_url.is_none() || app.clusters.values().any(|c| c.url.is_none());
    match &context.global.database_url {
        Some(_) if !needed => Err(Error::new(
            ErrorCode::Usage,
            "--database-url has nothing to serve: tenantry.toml names a server for everything",
        )
        .help("leave out --database-url (or TENANTRY_DATABASE_URL), or take a url out of tenantry.toml")),
        Some(url) => Ok((Some(url.parse()?), None)),
        None if needed => {
            let options = EmbeddedOptions { directory: config.state(), bin: None, mode };
            let embedded = Embedded::open(options).await?;
            Ok((Some(embedded.server()), Some(embedded)))
        }
        None => Ok((None, None)),
    }
}

async fn check_servers(servers: impl Iterator<Item = &Server>) -> Result<()> {
    let mut seen: Vec<&Server> = Vec::new();
    for server in servers {
        if seen.contains(&server) {
            continue;
        }
        let client = connect(server, maintenance(server), APPLICATION_NAME).await?;
        check(&client).await.map_err(|e| e.context(format!("{}:{}", server.host, server.port)))?;
        seen.push(server);
    }
    Ok(())
}

/// Makes the control database where it is missing, and brings its tables up to this executable.
async fn open_control((server, database): (&Server, &str), pool: &Pool, mode: Mode) -> Result<()> {
    let there = match mode {
        Mode::Exclusive => None,
        Mode::Shared => match pool.get().await {
            Ok(client) => Some(client),
            Err(e) if sqlstate(&e) == Some(NO_DATABASE) => None,
            Err(e) => return Err(e),
        },
    };
    let mut client = match there {
        Some(client) => client,
        None => {
            let admin = connect(server, maintenance(server), APPLICATION_NAME).await?;
            bootstrap::lock_cluster(&admin).await?;
            bootstrap::ensure_control_database(&admin, database).await?;
            pool.get().await?
        }
    };
    migrations::up(&mut client).await
}

fn maintenance(server: &Server) -> &str {
    server.database.as_deref().unwrap_or(MAINTENANCE_DATABASE)
}

/// Who asks, as jobs and audit entries name it: the operating system's user.
pub fn actor() -> String {
    let variable = |name: &&str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(variable);
    named.or_else(owner_of_this_process).unwrap_or_else(|| "operator".to_owned())
}

/// The user's name as `/etc/passwd` has it, where there is one.
fn owner_of_this_process() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let user = users.lines().find(|line| line.split(':').nth(2) == Some(id.as_str()))?;
    user.split(':').next().map(str::to_owned)
}
