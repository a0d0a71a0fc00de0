//! Behind the proof: may the tenant be served, where, with which settings.

use std::sync::Arc;

use tenantry_domain::{
    Error, ErrorCode, Isolation, PlanLimits, Result, ServiceName, TenantId, TenantStatus, layout,
};
use tenantry_postgres::ident::quote_ident;
use tenantry_registry::Placement;
use tenantry_registry::directory::{Entry, Snapshot};
use tenantry_shape::application::Door;

use super::greeting;
use super::wire::Wire;
use crate::hub::Hub;
use crate::plan;
use crate::pools::Whose;
use crate::profile::Profile;
use crate::rules::data_database;
use crate::session::search_path::{Own, split};
use crate::session::settings::{Setting as Known, Settings};
use crate::shard::{PoolKey, PoolSpec, Setting};
use crate::wire::startup::Startup;

/// A client that may be handed over. It was counted ([`Hub::admit`]).
pub(super) struct Admitted {
    pub tenant: TenantId,
    pub process: u32,
    pub pool: Arc<PoolSpec>,
    /// All its tenant's clients keep to one shard.
    pub is_pinned: bool,
    pub settings: Vec<Setting>,
    pub limits: PlanLimits,
    pub sets_tenant: bool,
    /// Whose rules hold for its statements.
    pub profile: Arc<Profile>,
}

/// Which pool a client goes to.
pub(super) struct Way {
    pub pool: Arc<PoolSpec>,
    pub is_pinned: bool,
    pub sets_tenant: bool,
    pub profile: Arc<Profile>,
}

/// Why a tenant may not be served at the moment; `None`: it may.
pub fn closed(snapshot: &Snapshot, tenant: TenantId) -> Option<Error> {
    match snapshot.get(tenant) {
        None => Some(Error::new(ErrorCode::TenantUnknown, "the tenant is not there any more")),
        Some(entry) => refusal(entry),
    }
}

fn refusal(entry: &Entry) -> Option<Error> {
    match entry.status {
        TenantStatus::Active | TenantStatus::Moving => None,
        TenantStatus::Suspended => {
            Some(Error::new(ErrorCode::TenantSuspended, format!("tenant {} is suspended", entry.slug)))
        }
        status => Some(Error::new(ErrorCode::TenantStatus, format!("tenant {} is {status}", entry.slug))),
    }
}

/// Lets a client in at the tenant's own door, and greets it.
pub(super) async fn admit_tenant(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    (entry, service): (&Entry, &ServiceName),
) -> Result<Admitted> {
    let way = tenant_way(hub, entry, service)?;
    admit(hub, wire, startup, (entry, service, way)).await
}

/// Counts a client in, greets it, and counts it out again if that fails.
pub(super) async fn admit(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    (entry, service, way): (&Entry, &ServiceName, Way),
) -> Result<Admitted> {
    let settings = settings(hub, startup, (entry, service))?;
    let greeting = greeting::prepare(hub, startup, &way.pool.key, &settings).await?;
    let admitted = admit_silently(hub, startup, (entry, service, way), greeting.process)?;
    if let Err(error) = wire.send(&greeting.bytes).await {
        hub.dismiss(entry.id);
        return Err(error);
    }
    Ok(admitted)
}

/// Counts a client in that was greeted before.
pub(super) fn admit_silently(
    hub: &Hub,
    startup: &Startup,
    (entry, service, way): (&Entry, &ServiceName, Way),
    process: u32,
) -> Result<Admitted> {
    let settings = settings(hub, startup, (entry, service))?;
    hub.admit(entry)?;
    Ok(Admitted {
        tenant: entry.id,
        process,
        is_pinned: way.is_pinned,
        pool: way.pool,
        settings,
        limits: plan::limits(&hub.setup.app, entry),
        sets_tenant: way.sets_tenant,
        profile: way.profile,
    })
}

/// The pool of the tenant's own login.
///
/// # Errors
/// `tenant_suspended`, `tenant_status`, `service_unknown`.
pub(super) fn tenant_way(hub: &Hub, entry: &Entry, service: &ServiceName) -> Result<Way> {
    let app = &hub.setup.app;
    let placement = open_placement(entry, service)?;
    let login = app.layout().login_role(entry.id, entry.number, app.isolation.tenant_key);
    let connections_max = plan::connections_max(app, entry);
    let is_pinned = is_pinned(hub, entry, connections_max);
    let key = PoolKey::primary(&placement.cluster, &placement.database, &login);
    let pool = hub.pools.get(key, Whose::Tenant(entry.id), connections_max, is_pinned);
    Ok(Way { pool, is_pinned, sets_tenant: false, profile: profile(hub, entry, placement, Door::Tenant) })
}

/// Whether all of a tenant's clients go to one shard: where it has few connections, and where what it may do in a second is
/// counted, which is done on each shard by itself.
pub(super) fn is_pinned(hub: &Hub, entry: &Entry, connections_max: usize) -> bool {
    let is_counted = plan::limits(&hub.setup.app, entry).queries_per_second_max.is_some();
    is_counted || hub.pools.is_pinned(connections_max)
}

/// Who a client of a tenant is to the rules for statements.
pub(super) fn profile(hub: &Hub, entry: &Entry, placement: &Placement, door: Door) -> Arc<Profile> {
    let wanted = Profile {
        id: 0,
        tenant: Some(entry.id),
        door,
        isolation: placement.isolation,
        schema: placement.schema.as_str().into(),
        place: hub.places.number(&placement.cluster, &data_database(hub, &placement.service)),
    };
    hub.profiles.get(wanted, &placement.service)
}

/// Where the data of a tenant that may be served lives.
pub(super) fn open_placement<'a>(entry: &'a Entry, service: &ServiceName) -> Result<&'a Placement> {
    if let Some(error) = refusal(entry) {
        return Err(error);
    }
    entry.placement(service).ok_or_else(|| {
        Error::new(ErrorCode::ServiceUnknown, format!("tenant {} has no service {service}", entry.slug))
    })
}

/// The settings that follow the client, as shards take them.
fn settings(hub: &Hub, startup: &Startup, (entry, service): (&Entry, &ServiceName)) -> Result<Vec<Setting>> {
    let schema = entry.placement(service).map_or(layout::DATABASE_SCHEMA, |placement| &placement.schema);
    let schemas = [schema, "global", "extensions"];
    let own = match entry.isolation {
        Isolation::Shared | Isolation::Schema => Own::Only(&schemas),
        Isolation::Database => Own::Any(schema),
    };
    let settings = Settings::from_startup(&startup.settings, own, &hub.setup.app.gateway.settings)?;
    let listed = settings.iter().map(|(known, value)| (known.name().into(), as_list(known, value).into()));
    Ok(listed.chain(settings.own().iter().cloned()).collect())
}

/// A list of names as the server writes it; any other value as it is.
fn as_list(known: Known, value: &str) -> String {
    if known != Known::SEARCH_PATH {
        return value.to_owned();
    }
    let names: Vec<String> = value.split_terminator('\0').map(quote_ident).collect();
    let list = names.join(", ");
    debug_assert!(split(&list).is_some(), "{list}");
    list
}
