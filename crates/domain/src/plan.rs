//! Plans: what a tenant of this plan gets.

use serde::{Deserialize, Serialize};

use crate::{Isolation, PlanName};

/// A plan of `tenantry.toml`: limits and price. A limit that is absent does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The plan's name.
    pub name: PlanName,
    /// The isolation that tenants of this plan get unless the command names another.
    pub isolation: Option<Isolation>,
    /// Connections of the tenant's login role at one time (`CONNECTION LIMIT`).
    pub connections_max: Option<u32>,
    /// Price per month in the smallest unit of the currency.
    pub price_monthly: Option<u64>,
    /// ISO 4217 code of the currency.
    pub currency: Option<String>,
}
