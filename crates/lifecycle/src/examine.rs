//! What `tenantry doctor` does: every server, every database, the registry's stock, and two throw-away tenants of each
//! isolation that attack each other.

use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName, TenantId, TenantStatus, layout};
use tenantry_jobs::Worker;
use tenantry_postgres::bootstrap::DatabaseKind;
use tenantry_postgres::connect::{connect, knock};
use tenantry_postgres::tenant::tenant_key;
use tenantry_registry::{NewTenant, TenantRow};
use tokio_postgres::Client;

use crate::doctor::attack::{Ground, TenantAccess, attack};
use crate::doctor::{DoctorContext, Finding, check_database, check_server};
use crate::inventory::{Discrepancy, discrepancies};
use crate::platform::Platform;

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry doctor";
/// Who acts in the audit entries of throw-away tenants.
const ACTOR: &str = "doctor";
/// The name of every throw-away tenant: nobody else has it.
const NAME: &str = "Throw-away tenant of tenantry doctor";
/// Hours after which a throw-away tenant was left by a run that was interrupted.
const LEFT_HOURS: i64 = 1;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Read catalogs only.
    Catalogs,
    /// Also make two throw-away tenants of each isolation, and let them attack each other.
    Attacks,
}

/// A throw-away tenant with its own session.
struct Guinea {
    row: TenantRow,
    client: Client,
    database: String,
    schema: String,
}

/// Examines everything; what is being looked at goes to `tell`.
///
/// # Errors
/// When something could not be examined: that is no clean bill of health.
pub async fn examine(
    platform: &Platform,
    worker: &Worker,
    depth: Depth,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let clusters: Vec<String> = platform.clusters.names().map(str::to_owned).collect();
    for cluster in &clusters {
        found.extend(catalogs(platform, cluster, tell).await?);
    }
    tell("the gateway's login");
    found.extend(platform.examine_gateway_login().await?);
    tell("registry");
    found.extend(discrepancies(platform).await?.into_iter().map(of_stock));
    if depth == Depth::Attacks {
        sweep(platform, worker).await?;
        for isolation in Isolation::ALL {
            tell(&format!("attacks between two tenants in {isolation} isolation"));
            found.extend(attacks(platform, worker, isolation).await?);
        }
    }
    Ok(found)
}

async fn catalogs(platform: &Platform, cluster: &str, tell: &(dyn Fn(&str) + Sync)) -> Result<Vec<Finding>> {
    let server = platform.clusters.server(cluster)?;
    let layout = platform.app.layout();
    let mut found = Vec::new();
    tell(&format!("cluster {cluster}"));
    let mut once = true;
    for service in platform.app.services.values() {
        if service.cluster.as_ref().is_some_and(|c| c.as_str() != cluster) {
            continue;
        }
        let mut databases = vec![
            (layout.data_database(&service.name), DatabaseKind::Data),
            (layout.template_database(&service.name), DatabaseKind::Template),
        ];
        let own = platform.registry.service_placements(&service.name).await?.into_iter();
        let own = own.filter(|p| p.isolation == Isolation::Database && p.cluster == cluster);
        databases.extend(own.map(|p| (p.database, DatabaseKind::Template)));
        for (database, kind) in databases {
            tell(&format!("database {database}"));
            let client = connect(server, &database, APPLICATION_NAME).await?;
            let context = context(platform, kind);
            if std::mem::take(&mut once) {
                found.extend(check_server(&client, &context).await?);
            }
            found.extend(check_database(&client, &context).await?);
        }
    }
    Ok(found)
}

/// What the checks of a database compare with.
pub fn context(platform: &Platform, kind: DatabaseKind) -> DoctorContext {
    let app = &platform.app;
    DoctorContext {
        layout: app.layout(),
        kind,
        tenant_column: app.isolation.tenant_column.clone(),
        tenant_key: app.isolation.tenant_key,
        tenant_ddl: app.isolation.tenant_ddl,
        global_tables: app.tables.global.clone(),
        tenant_connections_max: app.limits.tenant_connections_max,
    }
}

/// An orphan, or something that is gone.
fn of_stock(d: Discrepancy) -> Finding {
    let (code, danger, mend) = if d.missing {
        ("missing", "a tenant's data or login is gone", "-- restore the tenant from a backup".to_owned())
    } else {
        let mend = match d.kind {
            "role" => format!("-- after looking at what it owns: DROP ROLE {};", d.name),
            "schema" => format!("-- after looking at what it holds: DROP SCHEMA {} CASCADE;", d.name),
            "database" => format!("-- after looking at what it holds: DROP DATABASE {};", d.name),
            _ => "-- find out whose rows these are before anything is deleted".to_owned(),
        };
        ("orphan", "it belongs to no tenant that the registry knows", mend)
    };
    Finding {
        code,
        object: format!("{} {} on cluster {}", d.kind, d.name, d.cluster),
        danger: danger.to_owned(),
        mend,
        database: String::new(),
    }
}

/// Makes two tenants, lets each attack the other, and removes both whatever came of it.
async fn attacks(platform: &Platform, worker: &Worker, isolation: Isolation) -> Result<Vec<Finding>> {
    let mark = &TenantId::random().hex()[..8];
    let slugs = [format!("doctor-{mark}-a"), format!("doctor-{mark}-b")];
    let result = fight(platform, worker, isolation, &slugs).await;
    for slug in &slugs {
        remove(platform, worker, slug).await?;
    }
    result
}

/// Removes throw-away tenants that an interrupted run has left.
async fn sweep(platform: &Platform, worker: &Worker) -> Result<()> {
    let old = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(LEFT_HOURS);
    for row in platform.registry.tenants().await? {
        let slug = row.tenant.slug.as_str();
        if row.tenant.name == NAME && slug.starts_with("doctor-") && row.created_at < old {
            remove(platform, worker, slug).await?;
        }
    }
    Ok(())
}

async fn fight(
    platform: &Platform,
    worker: &Worker,
    isolation: Isolation,
    slugs: &[String; 2],
) -> Result<Vec<Finding>> {
    for slug in slugs {
        let name = Some(NAME.to_owned());
        let new = NewTenant { isolation: Some(isolation), name, ..NewTenant::default() };
        let (_, job) = platform.registry.add_tenant(&slug.parse()?, &new, ACTOR).await?;
        worker.drive(job, &|_| {}).await?;
    }
    let mut found = Vec::new();
    let ground = Ground {
        isolation,
        tenant_column: platform.app.isolation.tenant_column.clone(),
        app_owner: platform.app.layout().owner_role(),
        tenant_ddl: platform.app.isolation.tenant_ddl,
    };
    for service in platform.app.services.keys() {
        let (a, b) =
            (guinea(platform, &slugs[0], service).await?, guinea(platform, &slugs[1], service).await?);
        for (a, b) in [(&a, &b), (&b, &a)] {
            let intrusion = if isolation == Isolation::Database {
                let credential = platform.credential(&a.row, service).await?;
                Some(knock(&credential.server, &b.database, APPLICATION_NAME).await?)
            } else {
                None
            };
            found.extend(attack(&access(platform, a), &access(platform, b), &ground, intrusion).await?);
        }
    }
    Ok(found)
}

async fn guinea(platform: &Platform, slug: &str, service: &ServiceName) -> Result<Guinea> {
    let row = platform.registry.find_tenant(slug).await?;
    let credential = platform.credential(&row, service).await?;
    let client = connect(&credential.server, &credential.database, APPLICATION_NAME).await?;
    let placements = platform.registry.placements(row.tenant.id).await?;
    let placement = placements.into_iter().find(|p| &p.service == service);
    let schema = placement.map_or_else(|| layout::SHARED_SCHEMA.to_owned(), |p| p.schema);
    Ok(Guinea { row, client, database: credential.database, schema })
}

fn access<'a>(platform: &Platform, guinea: &'a Guinea) -> TenantAccess<'a> {
    let tenant = &guinea.row.tenant;
    let key = platform.app.isolation.tenant_key;
    TenantAccess {
        client: &guinea.client,
        id: tenant.id,
        key: tenant_key(tenant, key),
        role: platform.app.layout().tenant_role(tenant, key),
        schema: guinea.schema.clone(),
        database: guinea.database.clone(),
    }
}

async fn remove(platform: &Platform, worker: &Worker, slug: &str) -> Result<()> {
    let row = match platform.registry.find_tenant(slug).await {
        Err(e) if e.code() == ErrorCode::TenantUnknown => return Ok(()),
        other => other?,
    };
    if row.tenant.status != TenantStatus::Deleted {
        let deleted = platform.delete(slug, ACTOR).await?;
        worker.drive(deleted, &|_| {}).await?;
    }
    let gone = platform.purge(slug, ACTOR).await;
    match gone {
        Ok(job) => worker.drive(job, &|_| {}).await.map(|_| ()),
        // `delete` has purged it at once: nothing of it was left.
        Err(e) if e.code() == ErrorCode::TenantUnknown => Ok(()),
        Err(e) => Err(Error::context(e, format!("remove the throw-away tenant {slug}"))),
    }
}
