//! The servers of an app, opened to look at only: nothing is set up, no job is run.

use std::collections::BTreeMap;

use tenantry_domain::{Result, Secret};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::embedded::{Embedded, Mode};
use tenantry_postgres::pool::Pool;
use tenantry_postgres::server::Server;
use tenantry_registry::Registry;

use crate::Context;
use crate::config::Config;
use crate::stack::default_server;

/// The folder of the embedded server's data, in the app's state.
const EMBEDDED: &str = "postgres";
/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry";

/// Servers that were opened.
pub struct Servers {
    /// The clusters.
    pub clusters: Clusters,
    /// The control database, which may not be there yet.
    pub registry: Registry,
    embedded: Option<Embedded>,
}

impl Servers {
    /// Opens the app's servers; none where the app's own server was never set up.
    ///
    /// # Errors
    /// Those of the servers.
    pub async fn open(context: &Context, config: &Config) -> Result<Option<Self>> {
        let app = &config.app;
        let own = context.global.database_url.is_none() && app.clusters.values().any(|c| c.url.is_none());
        if own && !config.state().join(EMBEDDED).exists() {
            return Ok(None);
        }
        let (default, embedded) = default_server(context, config, Mode::Shared).await?;
        let mut servers = BTreeMap::new();
        for (name, cluster) in &app.clusters {
            let server = match (&cluster.url, &default) {
                (Some(url), _) => parse(url)?,
                (None, Some(server)) => server.clone(),
                (None, None) => continue,
            };
            servers.insert(name.clone(), server);
        }
        let connections = app.limits.connections_per_database_max;
        let control = match (&app.control_url, &default) {
            (Some(url), _) => parse(url)?,
            (None, Some(server)) => server.clone(),
            (None, None) => return Ok(None),
        };
        let pool = Pool::new(&control, &app.layout().control_database(), APPLICATION_NAME, connections)?;
        let registry = Registry::new(pool.driver());
        let clusters = Clusters::new(servers, connections);
        Ok(Some(Self { clusters, registry, embedded }))
    }

    /// Lets go of the servers; an embedded one that nobody else uses stops.
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

fn parse(url: &Secret) -> Result<Server> {
    url.reveal().parse()
}
