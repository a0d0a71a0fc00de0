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
    /// Clients of one gateway at one time.
    pub clients_max: Option<u32>,
    /// What the gateway holds its tenants to.
    #[serde(flatten)]
    pub limits: PlanLimits,
    /// Price per month in the smallest unit of the currency.
    pub price_monthly: Option<u64>,
    /// ISO 4217 code of the currency.
    pub currency: Option<String>,
}

/// Limits of a plan that hold on the wire; `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLimits {
    /// Statements that a gateway lets begin in a second.
    pub queries_per_second_max: Option<u32>,
    /// Milliseconds that a statement runs.
    pub statement_ms_max: Option<u64>,
    /// Milliseconds that a transaction is open.
    pub transaction_ms_max: Option<u64>,
    /// Milliseconds that a transaction is open while nothing runs in it.
    pub transaction_idle_ms_max: Option<u64>,
    /// Milliseconds that a client says nothing outside of a transaction.
    pub client_idle_ms_max: Option<u64>,
    /// Rows that a statement returns, or all that travel together.
    pub rows_max: Option<u64>,
    /// Bytes of such an answer.
    pub bytes_max: Option<u64>,
}
