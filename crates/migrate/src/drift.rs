//! What tenants really hold, compared with their template: not what a ledger says of them.
//!
//! Of schema tenants one query per data database hashes every catalog ([`tenantry_postgres::catalog::fingerprints`]);
//! one of each kind of hash is then read in full and compared. A tenant's own database is read in full. Shared and global
//! tables, and the templates themselves, are compared with what was noted of them right after the migration
//! ([`record`]); so is a tenant that lags behind, with the note of its own version.
//!
//! The order of columns is told and is no drift: whoever names columns does not see it, and mending it would mean to write
//! the table anew.

mod databases;
mod expect;
mod finding;
mod own;
pub mod record;
mod schemas;
mod standing;

use std::collections::HashMap;
use std::sync::Arc;

use tenantry_domain::{App, Isolation, Layout, Result, Service, Slug, TenantId, layout};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_registry::{Registry, TenantRow};
use tokio_postgres::Client;

use crate::apply::local::{Local, local_tenants};

pub use finding::{Finding, Lagging, Own, Report, Subject};

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry drift";

/// Compares.
pub struct Inspector {
    app: Arc<App>,
    registry: Registry,
    clusters: Clusters,
}

/// What to look at.
#[derive(Default)]
pub struct Wanted<'a> {
    /// Tenants by their slug; none: every tenant, and what they share.
    pub tenants: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    /// One service alone.
    pub service: Option<&'a str>,
    /// Also list what tenants have made for themselves.
    pub own: bool,
}

/// One service on one cluster, while it is looked at.
struct At<'a> {
    app: &'a App,
    clusters: &'a Clusters,
    layout: Layout,
    cluster: &'a str,
    service: &'a Service,
    data: Client,
    /// The newest migration of the templates.
    version: i64,
    tenants: &'a HashMap<TenantId, TenantRow>,
    wanted: &'a Wanted<'a>,
}

impl Inspector {
    /// For this app on these servers.
    pub fn new(app: Arc<App>, registry: Registry, clusters: Clusters) -> Self {
        Self { app, registry, clusters }
    }

    /// Looks at everything wanted, and only reads; what is being looked at goes to `tell`.
    ///
    /// # Errors
    /// What a server said. What could not be read of one tenant alone is a finding of that tenant.
    pub async fn inspect(&self, wanted: &Wanted<'_>, tell: &(dyn Fn(&str) + Sync)) -> Result<Report> {
        let rows = self.registry.tenants().await?;
        let tenants: HashMap<TenantId, TenantRow> = rows.into_iter().map(|r| (r.tenant.id, r)).collect();
        let mut report = Report::default();
        for service in self.app.services.values() {
            if wanted.service.is_some_and(|w| w != service.name.as_str()) {
                continue;
            }
            for cluster in self.clusters.names() {
                if service.cluster.as_ref().is_some_and(|c| c.as_str() != cluster) {
                    continue;
                }
                let layout = self.app.layout();
                let server = self.clusters.server(cluster)?;
                let database = layout.data_database(&service.name);
                tell(&format!("{} on {cluster}", service.name));
                let data = connect(server, &database, APPLICATION_NAME).await?;
                let version = record::newest(&data).await?;
                let (app, clusters) = (&*self.app, &self.clusters);
                let tenants = &tenants;
                let mut at = At { app, clusters, layout, cluster, service, data, version, tenants, wanted };
                at.look(&mut report, tell).await?;
            }
        }
        report.sort();
        Ok(report)
    }
}

impl At<'_> {
    async fn look(&mut self, report: &mut Report, tell: &(dyn Fn(&str) + Sync)) -> Result<()> {
        let locals = local_tenants(&self.data).await?;
        let chosen: Vec<Local> = locals.into_iter().filter(|l| self.is_wanted(l.id)).collect();
        if self.wanted.tenants.is_none() {
            tell(&format!("{}: what tenants share", self.service.name));
            self.standing(report).await?;
        }
        tell(&format!("{}: {} tenants", self.service.name, chosen.len()));
        self.schemas(&chosen, report).await?;
        self.databases(&chosen, report, tell).await?;
        report.examined += chosen.len();
        Ok(())
    }

    fn is_wanted(&self, id: TenantId) -> bool {
        let Some(row) = self.tenants.get(&id) else { return self.wanted.tenants.is_none() };
        self.wanted.tenants.is_none_or(|wanted| wanted(row.tenant.slug.as_str()))
    }

    /// What a finding is about: a tenant.
    fn subject(&self, local: &Local) -> Subject {
        let slug: Option<Slug> = self.tenants.get(&local.id).map(|r| r.tenant.slug.clone());
        let (database, schema) =
            tenantry_postgres::tenant::home(&self.layout, &self.service.name, local.id, local.isolation);
        Subject {
            title: slug.as_ref().map_or_else(|| format!("tenant {}", local.id), |s| format!("tenant {s}")),
            tenant: slug,
            service: self.service.name.clone(),
            cluster: self.cluster.to_owned(),
            database,
            schema,
            owner: self.layout.tenant_owner_role(local.id),
            reader: match local.isolation {
                Isolation::Schema => self.login(local),
                other => self.layout.group_role(other),
            },
        }
    }

    /// What a finding is about that is no tenant.
    fn standing_subject(&self, title: &str, database: String, schema: &str, isolation: Isolation) -> Subject {
        Subject {
            title: title.to_owned(),
            tenant: None,
            service: self.service.name.clone(),
            cluster: self.cluster.to_owned(),
            database,
            schema: schema.to_owned(),
            owner: self.layout.owner_role(),
            reader: self.layout.group_role(isolation),
        }
    }

    /// The login of a tenant; its name carries the tenant's number where the tenant column is an integer.
    fn login(&self, local: &Local) -> String {
        match self.tenants.get(&local.id) {
            Some(row) => self.layout.tenant_role(&row.tenant, self.app.isolation.tenant_key),
            None => format!("t_{}", local.id.hex()),
        }
    }

    fn data_database(&self) -> String {
        self.layout.data_database(&self.service.name)
    }

    fn template_schema(&self) -> Subject {
        let (title, isolation) = ("template of schemas", Isolation::Schema);
        self.standing_subject(title, self.data_database(), layout::TEMPLATE_SCHEMA, isolation)
    }

    fn template_database(&self) -> Subject {
        let database = self.layout.template_database(&self.service.name);
        let (title, isolation) = ("template of databases", Isolation::Database);
        self.standing_subject(title, database, layout::DATABASE_SCHEMA, isolation)
    }
}
