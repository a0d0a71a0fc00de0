//! Where each service stands on each cluster: read from the data databases, which stay as they are.

use serde::Serialize;
use tenantry_domain::{App, Isolation, Result, Service, ServiceName, TenantId};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::{db_error, sqlstate};
use uuid::Uuid;

use crate::apply::retire;
use crate::ledger;
use crate::rollout::order::Direction;
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
    /// Migrations that wait for the last tenant with what they take from global tables.
    pub retiring: Vec<i64>,
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
    /// How many of them a rollout is asked to bring along; those in shared tables come with the templates, whoever is asked for.
    pub wanted: i64,
}

/// Reads where every service stands, and compares the files that are applied with their folders. `wanted`: the tenants that
/// a rollout is asked for; absent: all.
///
/// # Errors
/// Those of the folders; `migration_changed`; what servers say.
pub async fn standings(app: &App, clusters: &Clusters, wanted: Option<&[TenantId]>) -> Result<Vec<Standing>> {
    let wanted: Option<Vec<_>> = wanted.map(|ids| ids.iter().map(|id| id.uuid()).collect());
    let mut standings = Vec::new();
    for service in app.services.values() {
        for cluster in clusters.names() {
            if service.cluster.as_ref().is_none_or(|c| c.as_str() == cluster) {
                let standing = standing(app, clusters, (service, cluster), wanted.as_deref()).await?;
                standings.push(standing);
            }
        }
    }
    Ok(standings)
}

async fn standing(
    app: &App,
    clusters: &Clusters,
    (service, cluster): (&Service, &str),
    wanted: Option<&[Uuid]>,
) -> Result<Standing> {
    let mut standing = Standing {
        service: service.name.clone(),
        cluster: cluster.to_owned(),
        version: 0,
        tenants: Vec::new(),
        retiring: Vec::new(),
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
    let waiting = ledger::read(&client, retire::target(Direction::Up)).await?;
    standing.retiring = waiting.into_iter().map(|e| e.version).collect();
    let doing = "count the tenants of the database";
    for row in client.query(STANDING, &[&wanted]).await.map_err(|e| db_error(e, doing))? {
        let isolation: Isolation = row.get::<_, &str>(0).parse()?;
        let count = row.get(2);
        let wanted = if isolation == Isolation::Shared { count } else { row.get(3) };
        standing.tenants.push(Tenants { isolation, version: row.get(1), count, wanted });
    }
    Ok(standing)
}
