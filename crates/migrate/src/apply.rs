//! Applying what is pending, target by target.

pub(crate) mod session;
pub(crate) mod shaped;

use std::collections::HashMap;
use std::sync::Arc;

use tenantry_domain::{
    App, Error, ErrorCode, Isolation, Layout, Result, Service, ServiceName, TenantId, layout,
};
use tenantry_postgres::acting::Acting;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::tenant::template_key;
use tenantry_registry::Registry;
use tokio_postgres::Client;

use crate::drift::record;
use crate::ledger;
use crate::prepare;
use crate::shadow::Shaping;
use crate::source::{Migration, read_service};
use session::{Session, Target, Who};
use shaped::{Shaped, shape};

/// Advisory lock of a data database, exclusive here: nobody makes tenants from a template that is changing.
const TEMPLATE_LOCK: i64 = 84107;
const TAKE_TEMPLATE_LOCK: &str = include_str!("apply/template_lock.sql");
const LOCAL_TENANTS: &str = include_str!("apply/local_tenants.sql");
const TENANT_VERSION: &str = include_str!("apply/tenant_version.sql");
const SHARED_VERSION: &str = include_str!("apply/shared_version.sql");

/// Applies an app's migrations.
pub struct Migrator {
    app: Arc<App>,
    registry: Registry,
    clusters: Clusters,
}

/// What is being done.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Of which service.
    pub service: ServiceName,
    /// The migration's file.
    pub migration: String,
    /// `templates` or `tenant ID`.
    pub target: String,
}

/// A migration that was applied somewhere in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Of which service.
    pub service: ServiceName,
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Migrations applied, in order.
    pub applied: Vec<Applied>,
}

/// A tenant with data in a data database's map.
struct Local {
    id: TenantId,
    key: String,
    isolation: Isolation,
    version: i64,
}

type Tell<'a> = &'a (dyn Fn(Progress) + Sync);

impl Migrator {
    /// For this app on these servers.
    pub fn new(app: Arc<App>, registry: Registry, clusters: Clusters) -> Self {
        Self { app, registry, clusters }
    }

    /// Prepares every cluster: roles, databases, hardening. Idempotent.
    ///
    /// # Errors
    /// What a server said.
    pub async fn prepare(&self) -> Result<()> {
        prepare::prepare(&self.app, &self.clusters).await
    }

    /// Applies every pending migration of every service, on every cluster, to templates and tenants.
    ///
    /// # Errors
    /// `migration_layout`, `migration_syntax`, `shape_refused`, `migration_changed` before anything has run;
    /// `migration_failed`, `name_collision` and what servers say afterwards: the target named is left as it was.
    pub async fn up(&self, progress: Tell<'_>) -> Result<Report> {
        let mut histories = Vec::new();
        for service in self.app.services.values() {
            let files = read_service(service)?.migrations;
            let shaping =
                Shaping { app: &self.app, service, registry: &self.registry, clusters: &self.clusters };
            let shaped = shape(shaping, &files).await?;
            histories.push((service, files, shaped));
        }
        let mut report = Report::default();
        for (service, files, shaped) in &histories {
            for cluster in self.clusters.names() {
                if service.cluster.as_ref().is_none_or(|c| c.as_str() == cluster) {
                    report.add(self.up_cluster((cluster, service), files, shaped, progress).await?);
                }
            }
        }
        Ok(report)
    }

    async fn up_cluster(
        &self,
        (cluster, service): (&str, &Service),
        files: &[Migration],
        shaped: &[Shaped],
        progress: Tell<'_>,
    ) -> Result<Vec<Applied>> {
        let mut ran = Vec::new();
        let layout = self.app.layout();
        let server = self.clusters.server(cluster)?;
        let data = connect(server, &layout.data_database(&service.name), "tenantry migrate").await?;
        data.execute(TAKE_TEMPLATE_LOCK, &[&TEMPLATE_LOCK])
            .await
            .map_err(|e| db_error(e, "take the template's lock"))?;
        let applied = ledger::read(&data, "template").await?;
        ledger::check(&applied, files)?;
        let done = applied.last().map_or(0, |e| e.version);
        let at = At { migrator: self, cluster, service, layout, data };
        for file in shaped.iter().filter(|f| f.version > done) {
            progress(at.progress(file, "templates"));
            at.templates(file).await?;
            ran.push(file.applied(service));
        }
        record::note(server, &at.data, &self.app, &service.name).await?;
        let newest = shaped.last().map_or(0, |f| f.version);
        self.registry.set_shared_version(&service.name, cluster, newest).await?;
        let mut failures = Vec::new();
        for tenant in at.tenants().await? {
            match at.catch_up(&tenant, shaped, (progress, &mut ran)).await {
                Ok(()) => {}
                // One tenant's trouble is no reason to keep the others waiting.
                Err(e) if is_of_one_tenant(e.code()) => failures.push(self.name(tenant.id, e).await),
                Err(e) => return Err(e),
            }
        }
        at.note_versions().await?;
        all_of(failures)?;
        Ok(ran)
    }

    /// An error that names the tenant as people do.
    async fn name(&self, tenant: TenantId, e: Error) -> Error {
        match self.registry.tenant(tenant).await {
            Ok(row) => e.context(format!("tenant {}", row.tenant.slug)),
            Err(_) => e,
        }
    }
}

/// Whether an error says something of one tenant's data alone, rather than of the server.
const fn is_of_one_tenant(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MigrationFailed | ErrorCode::NameCollision | ErrorCode::Database | ErrorCode::Busy
    )
}

/// Several tenants' errors as one, under the first one's code.
fn all_of(failures: Vec<Error>) -> Result<()> {
    let Some(first) = failures.first() else { return Ok(()) };
    let sentences: Vec<String> = failures.iter().map(Error::sentence).collect();
    Err(Error::new(first.code(), sentences.join("\n")).help(first.next_step()))
}

impl Report {
    fn add(&mut self, ran: Vec<Applied>) {
        for applied in ran {
            if !self.applied.contains(&applied) {
                self.applied.push(applied);
            }
        }
    }
}

impl Shaped {
    fn applied(&self, service: &Service) -> Applied {
        Applied { service: service.name.clone(), version: self.version, name: self.name.clone() }
    }
}

/// One service on one cluster.
struct At<'a> {
    migrator: &'a Migrator,
    cluster: &'a str,
    service: &'a Service,
    layout: Layout,
    /// Holds the template's lock.
    data: Client,
}

impl At<'_> {
    fn progress(&self, file: &Shaped, target: &str) -> Progress {
        Progress {
            service: self.service.name.clone(),
            migration: file.file.clone(),
            target: target.to_owned(),
        }
    }

    fn acting(&self, role: String, schema: &str) -> Acting {
        Acting { role, schema: schema.to_owned(), lock_ms_max: self.migrator.app.limits.ddl_lock_ms_max }
    }

    fn target(&self, words: &str, who: Who, schema: &str) -> Target {
        let role = match &who {
            Who::Platform => self.layout.owner_role(),
            Who::Owner(role) => role.clone(),
        };
        Target { words: words.to_owned(), who, acting: self.acting(role, schema) }
    }

    /// Shared tables, template schema and template database: all or nothing where the file can run in a transaction.
    async fn templates(&self, file: &Shaped) -> Result<()> {
        let server = self.migrator.clusters.server(self.cluster)?;
        let database = self.layout.template_database(&self.service.name);
        let own = connect(server, &database, "tenantry migrate").await?;
        let target = self.target("the template database", Who::Platform, layout::DATABASE_SCHEMA);
        let own = Session::new(&own, target);
        // Its commit comes first, so a process that ended between the two has left it ahead of the data database.
        let own_is_done = ledger::holds(own.client(), "template", file.version).await?;
        if !own_is_done {
            own.run(file, &file.own_database(), "template").await?;
        }
        // A file that can't run in one transaction may have ended here.
        let shared_is_done = ledger::holds(&self.data, "shared", file.version).await?;
        let shared = self.target("the shared tables", Who::Platform, layout::SHARED_SCHEMA);
        let tenants = self.shared_tenants().await?;
        let session = Session::new(&self.data, shared).for_tenants(tenants);
        if shared_is_done {
            session.begin().await?;
        } else {
            session.run(file, &file.shared(), "shared").await?;
        }
        session.as_platform().await?;
        session
            .client()
            .execute(SHARED_VERSION, &[&file.version])
            .await
            .map_err(|e| db_error(e, "note the version"))?;
        let template = self.target("the template schema", Who::Platform, layout::TEMPLATE_SCHEMA);
        let session = session.next(template).await?;
        session.run(file, &file.own_schema(), "template").await?;
        if !own_is_done {
            own.commit().await?;
        }
        session.commit().await
    }

    /// One tenant in schema or database isolation, as its owner.
    async fn tenant(&self, tenant: &Local, file: &Shaped) -> Result<()> {
        let words = format!("tenant {}", tenant.id);
        let role = self.layout.tenant_owner_role(tenant.id);
        let (database, schema) =
            tenantry_postgres::tenant::home(&self.layout, &self.service.name, tenant.id, tenant.isolation);
        let target = self.target(&words, Who::Owner(role.clone()), &schema);
        let server = self.migrator.clusters.server(self.cluster)?;
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let (open, password) = target.acting.open_login(&database, &until.to_string())?;
        let doing = "let the tenant's owner in";
        self.data.batch_execute(&open).await.map_err(|e| db_error(e, doing))?;
        let result = async {
            let statements = match tenant.isolation {
                Isolation::Database => {
                    let platform = connect(server, &database, "tenantry migrate").await?;
                    if ledger::holds(&platform, "template", file.version).await? {
                        return Ok(());
                    }
                    session::create_extensions(&platform, file).await?;
                    file.own_database()
                }
                _ => file.own_schema(),
            };
            let client = connect(&server.with_login(role, password), &database, "tenantry migrate").await?;
            let session = Session::new(&client, target.clone());
            session.run(file, &statements, &tenant.id.to_string()).await?;
            session.commit().await
        }
        .await;
        let closed = self.data.batch_execute(&target.acting.close_login()?).await;
        result.and_then(|()| closed.map_err(|e| db_error(e, "keep the tenant's owner out")))?;
        // A schema's session has noted it itself; a database of its own has noted it in its own ledger.
        self.data
            .execute(TENANT_VERSION, &[&file.version, &tenant.id.uuid()])
            .await
            .map(|_| ())
            .map_err(|e| db_error(e, "note the tenant's version"))
    }

    /// Every file that a tenant lacks.
    async fn catch_up(
        &self,
        tenant: &Local,
        shaped: &[Shaped],
        (progress, ran): (Tell<'_>, &mut Vec<Applied>),
    ) -> Result<()> {
        for file in shaped.iter().filter(|f| f.version > tenant.version) {
            progress(self.progress(file, &format!("tenant {}", tenant.id)));
            self.tenant(tenant, file).await?;
            ran.push(file.applied(self.service));
        }
        Ok(())
    }

    /// Tells the registry how far each tenant has come, also where an earlier run was ended before it could.
    async fn note_versions(&self) -> Result<()> {
        let registry = &self.migrator.registry;
        let placements = registry.service_placements(&self.service.name).await?;
        let known: HashMap<TenantId, i64> = placements.iter().map(|p| (p.tenant, p.version)).collect();
        for local in self.local().await? {
            if known.get(&local.id) != Some(&local.version) {
                registry.set_version(local.id, &self.service.name, local.version).await?;
            }
        }
        Ok(())
    }

    async fn local(&self) -> Result<Vec<Local>> {
        let doing = "read the tenants of the database";
        let rows = self.data.query(LOCAL_TENANTS, &[]).await.map_err(|e| db_error(e, doing))?;
        rows.iter()
            .map(|r| {
                let isolation: &str = r.get(2);
                Ok(Local {
                    id: TenantId::from_uuid(r.get(0)),
                    key: r.get(1),
                    isolation: isolation.parse()?,
                    version: r.get(3),
                })
            })
            .collect()
    }

    /// Tenants in shared tables with the template: whom data statements run for.
    async fn shared_tenants(&self) -> Result<Vec<(String, String)>> {
        let key = self.migrator.app.isolation.tenant_key;
        let mut tenants = vec![(TenantId::TEMPLATE.to_string(), template_key(key))];
        let local = self.local().await?;
        let shared = local.into_iter().filter(|t| t.isolation == Isolation::Shared);
        tenants.extend(shared.map(|t| (t.id.to_string(), t.key)));
        Ok(tenants)
    }

    /// Tenants whose tables are their own, with the newest migration each holds.
    async fn tenants(&self) -> Result<Vec<Local>> {
        let mut tenants = self.local().await?;
        tenants.retain(|t| t.isolation != Isolation::Shared);
        Ok(tenants)
    }
}

/// A migration's extension that tenants' databases must not have.
pub(crate) fn refused_extension(place: &str, name: &str) -> Error {
    Error::new(
        ErrorCode::ShapeRefused,
        format!("{place}: extension {name} opens files, networks or other databases"),
    )
    .help("do that part in the application; tenants can run any SQL")
}
