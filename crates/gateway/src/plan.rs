//! What a tenant's plan means here.

use tenantry_domain::{App, Plan, PlanLimits};
use tenantry_registry::directory::Entry;

/// The plan of a tenant, if it has one that `tenantry.toml` knows.
fn plan<'a>(app: &'a App, entry: &Entry) -> Option<&'a Plan> {
    let name = entry.plan.as_deref()?;
    app.plans.iter().find(|(known, _)| known.as_str() == name).map(|(_, plan)| plan)
}

/// What holds on the wire.
pub fn limits(app: &App, entry: &Entry) -> PlanLimits {
    plan(app, entry).map(|plan| plan.limits).unwrap_or_default()
}

/// Server connections that the tenant's login may have.
pub fn connections_max(app: &App, entry: &Entry) -> usize {
    let of_plan = plan(app, entry).and_then(|plan| plan.connections_max);
    of_plan.unwrap_or(app.limits.tenant_connections_max) as usize
}

/// Clients that the tenant may have here, and the name of that limit.
pub fn clients_max(app: &App, entry: &Entry) -> (usize, &'static str) {
    match plan(app, entry).and_then(|plan| plan.clients_max) {
        Some(max) => (max as usize, "the plan's clients_max"),
        None => (app.limits.gateway_clients_per_tenant_max, "gateway_clients_per_tenant_max"),
    }
}
