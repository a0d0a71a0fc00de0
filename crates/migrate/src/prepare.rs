//! Getting every cluster ready for the app: roles, data and template databases, hardening. Idempotent.

use tenantry_domain::{App, Result};
use tenantry_postgres::bootstrap::{
    DatabaseKind, create_database, ensure_roles, fill_database, lock_cluster,
};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::harden::harden;

/// The database that exists on every server.
const MAINTENANCE_DATABASE: &str = "postgres";

/// Prepares every cluster for every service that may live there.
///
/// # Errors
/// What a server said.
pub async fn prepare(app: &App, clusters: &Clusters) -> Result<()> {
    let layout = app.layout();
    for cluster in clusters.names() {
        let server = clusters.server(cluster)?;
        let maintenance = connect(server, MAINTENANCE_DATABASE, "tenantry set-up").await?;
        lock_cluster(&maintenance).await?;
        ensure_roles(&maintenance, &layout).await?;
        for service in app.services.values() {
            if service.cluster.as_ref().is_some_and(|c| c.as_str() != cluster) {
                continue;
            }
            for kind in [DatabaseKind::Data, DatabaseKind::Template] {
                create_database(&maintenance, &layout, &service.name, kind).await?;
                let database = match kind {
                    DatabaseKind::Data => layout.data_database(&service.name),
                    DatabaseKind::Template => layout.template_database(&service.name),
                };
                let mut client = connect(server, &database, "tenantry set-up").await?;
                fill_database(&mut client, &layout, kind, app.isolation.tenant_key).await?;
                harden(&client, &layout, kind, app.isolation.tenant_ddl).await?;
            }
        }
    }
    Ok(())
}
