//! Where each service stands on each cluster: read from the data databases, which stay as they are.

use serde::Serialize;
use tenantry_domain::{App, Isolation, Result, Service, ServiceName};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::{db_error, sqlstate};

use crate::ledger;
use crate::source::read_service;

const STANDING: &str = include_str!("standing.sql");
/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_DATABASE: &str = "3D000";
const APPLICATION_NAME: &str = "tenantry migrate plan";

/// Where a service stands on a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The service.
    pub service: ServiceName,
    /// The cluster.
    pub cluster: String,
    /// The newest migration of the templates; 0: none.
    pub version: i64,
    /// Its tenants, by isolation and version.
    pub tenants: Vec<Tenants>,
}

/// Tenants of one isolation at one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenants {
    /// The isolation.
    pub isolation: Isolation,
    /// The newest migration that they have.
    pub version: i64,
    /// How many they are.
    pub count: i64,
}

/// Reads where every service stands, and compares the files that are applied with their folders.
///
/// # Errors
/// Those of the folders; `migration_changed`; what servers say.
pub async fn standings(app: &App, clusters: &Clusters) -> Result<Vec<Standing>> {
    let mut standings = Vec::new();
    for service in app.services.values() {
        for cluster in clusters.names() {
            if service.cluster.as_ref().is_none_or(|c| c.as_str() == cluster) {
                standings.push(standing(app, clusters, service, cluster).await?);
            }
        }
    }
    Ok(standings)
}

async fn standing(app: &App, clusters: &Clusters, service: &Service, cluster: &str) -> Result<Standing> {
    let mut standing = Standing {
        service: service.name.clone(),
        cluster: cluster.to_owned(),
        version: 0,
        tenants: Vec::new(),
    };
    let server = clusters.server(cluster)?;
    let database = app.layout().data_database(&service.name);
    let client = match connect(server, &database, APPLICATION_NAME).await {
        Ok(client) => client,
        Err(e) if sqlstate(&e) == Some(NO_DATABASE) => return Ok(standing),
        Err(e) => return Err(e),
    };
    let applied = ledger::read(&client, "template").await?;
    ledger::check(&applied, &read_service(service)?.migrations)?;
    standing.version = applied.last().map_or(0, |e| e.version);
    let doing = "count the tenants of the database";
    for row in client.query(STANDING, &[]).await.map_err(|e| db_error(e, doing))? {
        let isolation: &str = row.get(0);
        standing.tenants.push(Tenants {
            isolation: isolation.parse()?,
            version: row.get(1),
            count: row.get(2),
        });
    }
    Ok(standing)
}
