//! The app door: a trusted backend that has to name a tenant before anything runs.
//!
//! The tenant comes with the start-up packet, by the server name of TLS, or by the first statement,
//! `SET app.current_tenant = 'SLUG'`. Until then every other statement is answered with 28000, here.

use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName, Slug};
use tenantry_registry::directory::Entry;
use tenantry_shape::application::Door;

use super::door::{Admitted, Way, admit as admit_client, is_pinned, open_placement, profile, tenant_way};
use super::greeting;
use super::wire::Wire;
use crate::hub::Hub;
use crate::pools::Whose;
use crate::shard::PoolKey;
use crate::wire::startup::Startup;

mod statement;
mod waiting;

pub use statement::named_tenant;
pub(super) use waiting::wait_for_tenant;

/// Lets a client in, with the tenant that it has named.
pub(super) async fn admit(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    (slug, service): (&Slug, &ServiceName),
) -> Result<Admitted> {
    let snapshot = hub.setup.directory.now();
    let entry = verified(snapshot.find(slug), slug)?;
    let way = way(hub, entry, service)?;
    admit_client(hub, wire, startup, (entry, service, way)).await
}

fn verified<'a>(entry: Option<&'a std::sync::Arc<Entry>>, slug: &Slug) -> Result<&'a Entry> {
    entry.map(|entry| &**entry).ok_or_else(|| {
        Error::new(ErrorCode::NoTenant, format!("there is no tenant {slug}"))
            .help("name a tenant in app.current_tenant")
    })
}

/// Tenants of shared tables share connections of the app door's login, on which the tenant is set; the others' data is let
/// in to by their own logins alone.
fn way(hub: &Hub, entry: &Entry, service: &ServiceName) -> Result<Way> {
    let placement = open_placement(entry, service)?;
    let profile = profile(hub, entry, placement, Door::App);
    if entry.isolation != Isolation::Shared {
        return Ok(Way { profile, ..tenant_way(hub, entry, service)? });
    }
    let connections_max = hub.pools.per_cluster_max();
    let login = hub.setup.app.layout().app_role();
    let key = PoolKey::primary(&placement.cluster, &placement.database, &login);
    Ok(Way {
        // Tenants share it, on every shard.
        pool: hub.pools.get(key, Whose::App, connections_max, false),
        is_pinned: is_pinned(hub, entry, connections_max),
        sets_tenant: true,
        profile,
    })
}

/// The greeting of a client that has not named its tenant yet: by the cluster of the service, or any.
pub(super) async fn greet_nobody(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    service: &ServiceName,
) -> Result<u32> {
    let app = &hub.setup.app;
    let own = app.services.get(service).and_then(|service| service.cluster.as_ref());
    let cluster = own.map(|c| c.as_str()).or_else(|| hub.setup.clusters.names().next()).unwrap_or_default();
    let layout = app.layout();
    let key = PoolKey::primary(cluster, &layout.data_database(service), &layout.app_role());
    let settings: Vec<_> =
        startup.settings.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
    let greeting = greeting::prepare(hub, startup, &key, &settings).await?;
    wire.send(&greeting.bytes).await?;
    Ok(greeting.process)
}
