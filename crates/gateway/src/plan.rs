//! What a tenant's plan means here.

use tenantry_domain::{App, Plan};
use tenantry_registry::directory::Entry;

use crate::shard::PlanLimits;

/// The plan of a tenant, if it has one that `tenantry.toml` knows.
fn plan<'a>(app: &'a App, entry: &Entry) -> Option<&'a Plan> {
    let name = entry.plan.as_deref()?;
    app.plans.iter().find(|(known, _)| known.as_str() == name).map(|(_, plan)| plan)
}

/// What holds on the wire.
pub fn limits(app: &App, entry: &Entry) -> PlanLimits {
    let Some(plan) = plan(app, entry) else { return PlanLimits::default() };
    PlanLimits {
        queries_per_second_max: plan.queries_per_second_max,
        statement_ms_max: plan.statement_ms_max,
        transaction_ms_max: plan.transaction_ms_max,
        transaction_idle_ms_max: plan.transaction_idle_ms_max,
        client_idle_ms_max: plan.client_idle_ms_max,
        rows_max: plan.rows_max,
        bytes_max: plan.bytes_max,
    }
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
