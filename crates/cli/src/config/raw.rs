//! What was typed: one struct per section, every key optional, unknown ones refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenantry_domain::{Limits, Plan, PlanLimits};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    pub app: String,
    #[serde(default)]
    pub control: RawControl,
    #[serde(default)]
    pub clusters: BTreeMap<String, RawCluster>,
    #[serde(default)]
    pub services: BTreeMap<String, RawService>,
    #[serde(default)]
    pub isolation: RawIsolation,
    #[serde(default)]
    pub tables: RawTables,
    #[serde(default)]
    pub plans: BTreeMap<String, RawPlan>,
    #[serde(default)]
    pub http: RawHttp,
    #[serde(default)]
    pub gateway: RawGateway,
    #[serde(default)]
    pub limits: Limits,
}

/// `[control]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawControl {
    pub url: Option<String>,
}

/// `[clusters.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCluster {
    pub url: Option<String>,
    #[serde(default)]
    pub replicas: Vec<String>,
    pub region: Option<String>,
    pub engine: Option<String>,
}

/// `[services.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawService {
    pub migrations: Option<String>,
    pub layout: Option<String>,
    #[serde(default)]
    pub ignore: Vec<String>,
    pub cluster: Option<String>,
}

/// `[isolation]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawIsolation {
    pub default: Option<String>,
    pub tenant_column: Option<String>,
    pub tenant_key: Option<String>,
    pub tenant_ddl: Option<bool>,
}

/// `[tables]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTables {
    #[serde(default)]
    pub global: Vec<String>,
}

/// `[plans.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPlan {
    pub isolation: Option<String>,
    pub connections_max: Option<u32>,
    pub clients_max: Option<u32>,
    pub queries_per_second_max: Option<u32>,
    pub statement_ms_max: Option<u64>,
    pub transaction_ms_max: Option<u64>,
    pub transaction_idle_ms_max: Option<u64>,
    pub client_idle_ms_max: Option<u64>,
    pub rows_max: Option<u64>,
    pub bytes_max: Option<u64>,
    pub price_monthly: Option<u64>,
    pub currency: Option<String>,
}

/// `[http]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHttp {
    pub listen: Option<String>,
}

/// `[gateway]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawGateway {
    pub listen: Option<String>,
    pub control_url: Option<String>,
    pub pooling: Option<String>,
    pub reads: Option<String>,
    #[serde(default)]
    pub settings: Vec<String>,
    pub tls: Option<RawTls>,
}

/// `[gateway.tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTls {
    pub certificate: String,
    pub key: String,
    pub domain: Option<String>,
}

/// The keys of each section, for "did you mean". `*` stands for a name of the user's.
pub fn known_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "app",
        "control.url",
        "clusters.*.url",
        "clusters.*.replicas",
        "clusters.*.region",
        "clusters.*.engine",
        "services.*.migrations",
        "services.*.layout",
        "services.*.ignore",
        "services.*.cluster",
        "isolation.default",
        "isolation.tenant_column",
        "isolation.tenant_key",
        "isolation.tenant_ddl",
        "tables.global",
        "plans.*.isolation",
        "plans.*.connections_max",
        "plans.*.clients_max",
        "plans.*.queries_per_second_max",
        "plans.*.statement_ms_max",
        "plans.*.transaction_ms_max",
        "plans.*.transaction_idle_ms_max",
        "plans.*.client_idle_ms_max",
        "plans.*.rows_max",
        "plans.*.bytes_max",
        "plans.*.price_monthly",
        "plans.*.currency",
        "http.listen",
        "gateway.listen",
        "gateway.control_url",
        "gateway.pooling",
        "gateway.reads",
        "gateway.settings",
        "gateway.tls.certificate",
        "gateway.tls.key",
        "gateway.tls.domain",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Ok(serde_json::Value::Object(limits)) = serde_json::to_value(Limits::default()) {
        keys.extend(limits.keys().map(|k| format!("limits.{k}")));
    }
    keys
}

impl RawPlan {
    /// The plan of this name.
    pub fn meaning(self, name: &str) -> tenantry_domain::Result<Plan> {
        Ok(Plan {
            name: name.parse()?,
            isolation: self.isolation.as_deref().map(str::parse).transpose()?,
            connections_max: self.connections_max,
            clients_max: self.clients_max,
            limits: PlanLimits {
                queries_per_second_max: self.queries_per_second_max,
                statement_ms_max: self.statement_ms_max,
                transaction_ms_max: self.transaction_ms_max,
                transaction_idle_ms_max: self.transaction_idle_ms_max,
                client_idle_ms_max: self.client_idle_ms_max,
                rows_max: self.rows_max,
                bytes_max: self.bytes_max,
            },
            price_monthly: self.price_monthly,
            currency: self.currency,
        })
    }
}
