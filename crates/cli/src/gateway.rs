//! The gateway as a part of a process: its address, what it reads, and a process that is nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tenantry_domain::app::GATEWAY_LISTEN;
use tenantry_domain::{App, Result, Secret};
use tenantry_gateway::handover::{Predecessor, take};
use tenantry_gateway::{Certificate, Gateway, Metrics, Setup, bind};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::{connect, connect_listening};
use tenantry_postgres::server::Server;
use tenantry_registry::Directory;
use tenantry_registry::directory::installation_secret;
use tokio::net::{TcpListener, lookup_host};
use tokio::task::JoinSet;

use crate::Context;
use crate::address_file::AddressFile;
use crate::config::Config;
use crate::shutdown::{self, Wish};

/// Any free port of this machine.
const ANY_PORT: &str = "127.0.0.1:0";
/// What the gateway's connections to the control database call themselves.
const NAME: &str = "tenantry gateway";
/// The file of the app's state by which a gateway hands its address over.
const HANDOVER: &str = "gateway.handover";

/// The gateway's open address.
pub struct GatewayDoor {
    listener: TcpListener,
    address: SocketAddr,
    predecessor: Option<Predecessor>,
}

impl GatewayDoor {
    /// Opens the address asked for, else the configured one, else the usual one or, where another app has that, a free one.
    /// Where a gateway of this app listens there already, its socket is taken over.
    ///
    /// # Errors
    /// `listen_failed`.
    pub async fn open(context: &Context, asked: Option<&str>, config: &Config) -> Result<Self> {
        let wanted = asked.or(config.app.gateway.listen.as_deref());
        if let Some((listener, address, predecessor)) = take(&handover(&config.state()))
            && is_meant(wanted, address).await
        {
            context.output.note(&format!("taking over from the gateway on {address}"));
            return Ok(Self { listener, address, predecessor: Some(predecessor) });
        }
        let (listener, address) = match wanted {
            Some(address) => bind(address).await?,
            None => match bind(GATEWAY_LISTEN).await {
                Ok(opened) => opened,
                Err(_) => {
                    let opened = bind(ANY_PORT).await?;
                    context
                        .output
                        .note(&format!("{GATEWAY_LISTEN} is taken: the gateway is on {}", opened.1));
                    opened
                }
            },
        };
        Ok(Self { listener, address, predecessor: None })
    }

    /// Its URL, without a login.
    pub fn url(&self) -> String {
        format!("postgres://{}", self.address)
    }
}

/// Whether the address that a gateway of this app has is the one that is wanted.
async fn is_meant(wanted: Option<&str>, address: SocketAddr) -> bool {
    let Some(wanted) = wanted else { return true };
    lookup_host(wanted).await.is_ok_and(|mut addresses| addresses.any(|wanted| wanted == address))
}

fn handover(state: &Path) -> PathBuf {
    state.join(HANDOVER)
}

/// What a gateway reads.
pub struct Sources {
    /// The app.
    pub app: Arc<App>,
    /// The server of the control database, with the gateway's own login.
    pub control: Server,
    /// The app's servers; the gateway uses their addresses, not their logins.
    pub clusters: Clusters,
}

/// A gateway that runs.
pub struct Running {
    gateway: Gateway,
    address: AddressFile,
    /// Keeps the directory up to date.
    keeping: JoinSet<()>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// Those of the control database and of the certificate's files.
    pub async fn start(sources: Sources, state: &Path, door: GatewayDoor) -> Result<Self> {
        let Sources { app, control, clusters } = sources;
        let database = app.layout().control_database();
        let client = connect(&control, &database, NAME).await?;
        let directory = Directory::load(&client).await?;
        let setup = Setup {
            certificate: app.gateway.tls.as_ref().map(Certificate::load).transpose()?,
            app,
            directory: directory.clone(),
            clusters,
            secret: installation_secret(&client).await?,
        };
        let mut keeping = JoinSet::new();
        keeping.spawn(async move {
            directory.keep(|| connect_listening(&control, &database, NAME)).await;
        });
        let mut gateway = Gateway::start(setup, door.listener)?;
        let address = AddressFile::write(state, door.address)?;
        if let Some(predecessor) = door.predecessor {
            predecessor.serving();
        }
        gateway.offer(&handover(state))?;
        Ok(Self { gateway, address, keeping })
    }

    /// What Prometheus reads.
    pub fn metrics(&self) -> Metrics {
        self.gateway.metrics()
    }

    /// Stops it, once transactions have ended or their time is over.
    pub async fn stop(mut self) {
        if self.gateway.is_succeeded() {
            self.address.leave();
        } else {
            drop(self.address);
        }
        self.gateway.stop().await;
        self.keeping.shutdown().await;
    }
}

/// Runs a gateway that knows no login but its own: `[gateway] control_url`.
///
/// # Errors
/// As [`Running::start`].
pub async fn run_alone(
    context: &Context,
    config: &Config,
    url: &Secret,
    door: GatewayDoor,
) -> Result<ExitCode> {
    let mut wishes = shutdown::listen()?;
    let mut forced = wishes.clone();
    let control: Server = url.reveal().parse()?;
    let app = Arc::new(config.app.clone());
    let mut servers = BTreeMap::new();
    for (name, cluster) in &app.clusters {
        let server = cluster.url.as_ref().map_or_else(|| Ok(control.clone()), |url| url.reveal().parse())?;
        servers.insert(name.clone(), server);
    }
    let clusters = Clusters::new(servers, app.limits.connections_per_database_max).with_replicas_of(&app)?;
    let at = door.url();
    let serve = async {
        let sources = Sources { app: app.clone(), control, clusters };
        let running = Running::start(sources, &config.state(), door).await?;
        context.output.note(&format!("serving {}, role gateway, gateway on {at}; Ctrl-C stops", app.name));
        shutdown::wished(&mut wishes, Wish::Stop).await;
        context.output.note("stopping (again to force)");
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    };
    tokio::select! {
        served = serve => served,
        () = shutdown::wished(&mut forced, Wish::Force) => Ok(ExitCode::from(shutdown::EXIT_INTERRUPTED)),
    }
}
