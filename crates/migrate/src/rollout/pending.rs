//! Whether there is anything to do: one query for each data database, whatever the number of tenants.

use serde::Serialize;
use tenantry_domain::{Error, ErrorCode, Result, Service, ServiceName};
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::{db_error, sqlstate};
use tokio_postgres::Client;

use super::operation::Rollout;
use super::order::{Direction, Request};
use crate::apply::retire::target as retiring;
use crate::apply::site::APPLICATION_NAME;
use crate::ledger::{self, Entry};
use crate::source::{Migration, read_service};

const PENDING: &str = include_str!("pending.sql");
/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_DATABASE: &str = "3D000";

/// Where a service stands on a cluster.
#[derive(Clone, Debug, Serialize)]
pub struct SiteState {
    /// The service.
    pub service: ServiceName,
    /// The cluster.
    pub cluster: String,
    /// The newest migration of the templates.
    pub version: i64,
    /// Its name.
    pub name: Option<String>,
    /// It as the team writes it: `0007_orders`.
    pub title: Option<String>,
    /// The same of where the request leads.
    pub to_title: Option<String>,
    /// The newest migration that the templates or a tenant have.
    pub newest: i64,
    /// The oldest that the templates or a tenant have.
    #[serde(skip)]
    pub oldest: i64,
    /// Where the request leads.
    pub to: i64,
    /// Tenants with data there.
    pub tenants: i64,
    /// Whether the templates or a tenant are not where the request leads.
    pub lags: bool,
    /// Whether every tenant is where the templates are.
    pub is_even: bool,
    /// Whether nothing was set up there yet.
    pub is_new: bool,
}

/// What a request would have to do.
#[derive(Clone, Debug, Serialize)]
pub struct Pending {
    /// Every site that the request concerns.
    pub sites: Vec<SiteState>,
}

impl Pending {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.sites.iter().all(|s| !s.lags && !s.is_new)
    }

    /// Tenants in all.
    pub fn tenants(&self) -> i64 {
        self.sites.iter().map(|s| s.tenants).sum()
    }
}

impl Rollout {
    /// Compares the folders with what is applied. Shapes nothing.
    ///
    /// # Errors
    /// Those of the folders; `migration_changed`; `version_unknown`, `service_unknown`; what servers say.
    pub async fn pending(&self, request: &Request) -> Result<Pending> {
        self.check_services(request)?;
        let mut sites = Vec::new();
        for (service, cluster) in self.places() {
            if request.concerns(&service.name) {
                let files = read_service(service)?.migrations;
                sites.push(self.site_state(request, (service, cluster), &files).await?);
            }
        }
        Ok(Pending { sites })
    }

    fn check_services(&self, request: &Request) -> Result<()> {
        let named = request.to.iter().filter_map(|(s, _)| s.as_ref()).chain(&request.service);
        match named.into_iter().find(|s| !self.app.services.contains_key(*s)) {
            None => Ok(()),
            Some(unknown) => {
                let all: Vec<&str> = self.app.services.keys().map(ServiceName::as_str).collect();
                Err(Error::new(ErrorCode::ServiceUnknown, format!("there is no service {unknown}"))
                    .help(format!("use one of: {}", all.join(", "))))
            }
        }
    }

    async fn site_state(
        &self,
        request: &Request,
        (service, cluster): (&Service, &str),
        files: &[Migration],
    ) -> Result<SiteState> {
        let server = self.clusters.server(cluster)?;
        let database = self.app.layout().data_database(&service.name);
        let found = match connect(server, &database, APPLICATION_NAME).await {
            Ok(client) => Some(read(&client, request.direction).await?),
            Err(e) if sqlstate(&e) == Some(NO_DATABASE) => None,
            Err(e) => return Err(e),
        };
        let is_new = found.is_none();
        let found = found.unwrap_or_default();
        ledger::check(&found.applied, files)?;
        let newest = files.last().map_or(0, |f| f.version);
        let to = request.version_of(&service.name).unwrap_or(newest);
        if to != 0 && files.iter().all(|f| f.version != to) {
            return Err(Error::new(
                ErrorCode::VersionUnknown,
                format!("service {} has no migration {to}", service.name),
            )
            .help(format!("use 0 or one of: {}", numbers(files))));
        }
        let lags = |version: i64| match request.direction {
            Direction::Up => version < to,
            Direction::Down => version > to,
        };
        let top = found.applied.last();
        let version = top.map_or(0, |e| e.version);
        let title = |version: i64| files.iter().find(|f| f.version == version).map(|f| f.title().to_owned());
        Ok(SiteState {
            service: service.name.clone(),
            cluster: cluster.to_owned(),
            version,
            name: top.map(|e| e.name.clone()),
            title: title(version),
            to_title: title(to),
            newest: found.versions.iter().copied().fold(version, i64::max),
            oldest: found.versions.iter().copied().fold(version, i64::min),
            to,
            tenants: found.tenants,
            lags: found.retires || lags(version) || found.versions.iter().any(|v| lags(*v)),
            is_even: found.versions.iter().all(|v| *v == version),
            is_new,
        })
    }
}

#[derive(Default)]
struct Found {
    applied: Vec<Entry>,
    /// The versions that tenants have.
    versions: Vec<i64>,
    tenants: i64,
    /// Something was put off until every tenant has passed.
    retires: bool,
}

async fn read(client: &Client, direction: Direction) -> Result<Found> {
    let row = client
        .query_one(PENDING, &[&retiring(direction)])
        .await
        .map_err(|e| db_error(e, "see what is applied"))?;
    let (versions, names, sums): (Vec<i64>, Vec<String>, Vec<String>) = (row.get(0), row.get(1), row.get(2));
    let rows = versions.into_iter().zip(names).zip(sums);
    let applied = rows.map(|((version, name), checksum)| Entry { version, name, checksum }).collect();
    Ok(Found { applied, versions: row.get(3), tenants: row.get(4), retires: row.get(5) })
}

fn numbers(files: &[Migration]) -> String {
    let all: Vec<String> = files.iter().map(|f| f.version.to_string()).collect();
    all.join(", ")
}
