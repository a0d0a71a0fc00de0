//! What the typed configuration means: defaults filled in, references checked.

use std::collections::BTreeMap;
use std::path::Path;

use tenantry_domain::app::{ClusterSpec, GatewaySpec, IsolationSpec, OwnSettings, Tables, TlsSpec};
use tenantry_domain::layout::IDENTIFIER_BYTES_MAX;
use tenantry_domain::{
    App, AppName, ClusterName, Error, ErrorCode, Limits, Plan, Result, Secret, Service, ServiceName,
};

use tenantry_postgres::server::Server;

use super::raw::{RawCluster, RawConfig, RawGateway, RawIsolation, RawService};

/// Room for `_t_` and 32 hexadecimal digits behind an app's and a service's name.
const NAMES_BYTES_MAX: usize = IDENTIFIER_BYTES_MAX - 35;

/// Turns what was typed into an app.
pub fn app(raw: RawConfig, directory: &Path) -> Result<App> {
    let name: AppName = raw.app.parse()?;
    let clusters = clusters(raw.clusters)?;
    let services = services(raw.services, directory, &name, &clusters)?;
    let plans = raw.plans.into_iter().map(|(name, plan)| {
        let plan = plan.meaning(&name).map_err(|e| e.context(format!("plans.{name}")))?;
        Ok((plan.name.clone(), plan))
    });
    let plans: BTreeMap<_, _> = plans.collect::<Result<_>>()?;
    plans.values().try_for_each(check_plan)?;
    check_limits(&raw.limits)?;
    Ok(App {
        name,
        control_url: raw.control.url.map(Secret::new),
        clusters,
        services,
        isolation: isolation(raw.isolation)?,
        tables: Tables { global: raw.tables.global.into_iter().collect() },
        plans,
        http_listen: raw.http.listen.unwrap_or_else(|| "127.0.0.1:7780".to_owned()),
        gateway: gateway(raw.gateway, directory)?,
        limits: raw.limits,
    })
}

fn gateway(raw: RawGateway, directory: &Path) -> Result<GatewaySpec> {
    let domain = raw.tls.as_ref().and_then(|tls| tls.domain.as_ref()).map(|d| d.to_ascii_lowercase());
    let tls =
        raw.tls.map(|t| TlsSpec { certificate: directory.join(t.certificate), key: directory.join(t.key) });
    let pooling = raw.pooling.as_deref().map(str::parse).transpose();
    let pooling = pooling
        .map_err(|e: Error| invalid(format!("gateway.pooling: {}", e.message())).help(e.next_step()))?;
    let reads = raw.reads.as_deref().map(str::parse).transpose();
    let reads =
        reads.map_err(|e: Error| invalid(format!("gateway.reads: {}", e.message())).help(e.next_step()))?;
    Ok(GatewaySpec {
        listen: raw.listen,
        control_url: raw.control_url.map(Secret::new),
        tls,
        domain,
        pooling: pooling.unwrap_or_default(),
        reads: reads.unwrap_or_default(),
        settings: OwnSettings::parse(&raw.settings)?,
    })
}

fn clusters(raw: BTreeMap<String, RawCluster>) -> Result<BTreeMap<ClusterName, ClusterSpec>> {
    let mut clusters = BTreeMap::new();
    for (name, cluster) in raw {
        let engine = cluster.engine.unwrap_or_else(|| "postgres".to_owned());
        if !matches!(engine.as_str(), "postgres" | "citus") {
            return Err(invalid(format!("clusters.{name}.engine {engine:?} is not an engine"))
                .help("use postgres or citus"));
        }
        for url in &cluster.replicas {
            url.parse::<Server>().map_err(|e| e.context(format!("clusters.{name}.replicas")))?;
        }
        clusters.insert(
            name.parse()?,
            ClusterSpec {
                url: cluster.url.map(Secret::new),
                replicas: cluster.replicas.into_iter().map(Secret::new).collect(),
                region: cluster.region.as_deref().map(str::parse).transpose()?,
                engine,
            },
        );
    }
    if clusters.is_empty() {
        let local =
            ClusterSpec { url: None, replicas: Vec::new(), region: None, engine: "postgres".to_owned() };
        clusters.insert("local".parse()?, local);
    }
    Ok(clusters)
}

fn services(
    mut raw: BTreeMap<String, RawService>,
    directory: &Path,
    app: &AppName,
    clusters: &BTreeMap<ClusterName, ClusterSpec>,
) -> Result<BTreeMap<ServiceName, Service>> {
    if raw.is_empty() {
        raw.insert("main".to_owned(), RawService::default());
    }
    let mut services = BTreeMap::new();
    for (name, service) in raw {
        let key: ServiceName = name.parse()?;
        if app.as_str().len() + 1 + name.len() > NAMES_BYTES_MAX {
            return Err(invalid(format!("the names of app {app} and service {name} are too long together"))
                .help(format!("use at most {} characters in both", NAMES_BYTES_MAX - 1)));
        }
        let cluster: Option<ClusterName> = service.cluster.as_deref().map(str::parse).transpose()?;
        if let Some(cluster) = cluster.as_ref().filter(|c| !clusters.contains_key(c)) {
            return Err(invalid(format!("services.{name}.cluster {cluster} is not among the clusters")));
        }
        let migrations = directory.join(service.migrations.unwrap_or_else(|| format!("migrations/{name}")));
        let layout = service.layout.as_deref().map(str::parse).transpose();
        let layout = layout.map_err(|e: Error| e.context(format!("services.{name}.layout")))?;
        let service = Service { name: key.clone(), migrations, layout, ignore: service.ignore, cluster };
        services.insert(key, service);
    }
    Ok(services)
}

fn isolation(raw: RawIsolation) -> Result<IsolationSpec> {
    let default = IsolationSpec::default();
    let column = raw.tenant_column.unwrap_or(default.tenant_column);
    let well_formed = column.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && column.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && column.len() <= IDENTIFIER_BYTES_MAX;
    if !well_formed {
        return Err(invalid(format!("isolation.tenant_column {column:?} is not a plain column name"))
            .help("use a-z, 0-9 and _, starting with a letter"));
    }
    Ok(IsolationSpec {
        default: raw.default.as_deref().map(str::parse).transpose()?.unwrap_or(default.default),
        tenant_column: column,
        tenant_key: raw.tenant_key.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
        tenant_ddl: raw.tenant_ddl.unwrap_or(default.tenant_ddl),
    })
}

/// A limit of zero lets nobody work.
fn check_plan(plan: &Plan) -> Result<()> {
    let limits = [
        ("clients_max", plan.clients_max.map(u64::from)),
        ("queries_per_second_max", plan.limits.queries_per_second_max.map(u64::from)),
        ("statement_ms_max", plan.limits.statement_ms_max),
        ("transaction_ms_max", plan.limits.transaction_ms_max),
        ("transaction_idle_ms_max", plan.limits.transaction_idle_ms_max),
        ("client_idle_ms_max", plan.limits.client_idle_ms_max),
        ("rows_max", plan.limits.rows_max),
        ("bytes_max", plan.limits.bytes_max),
    ];
    match limits.iter().find(|(_, limit)| *limit == Some(0)) {
        Some((name, _)) => {
            Err(invalid(format!("plans.{}.{name} is zero: nobody could work with it", plan.name))
                .help("leave the key out for no limit"))
        }
        None => Ok(()),
    }
}

fn check_limits(limits: &Limits) -> Result<()> {
    if limits.job_heartbeat_seconds == 0 || limits.job_heartbeat_seconds >= limits.job_lease_seconds {
        return Err(invalid(
            "limits.job_heartbeat_seconds must be at least 1 and less than job_lease_seconds".to_owned(),
        ));
    }
    let positive = [
        ("connections_per_database_max", limits.connections_per_database_max.saturating_sub(2)),
        ("sql_connections_max", limits.sql_connections_max),
        ("job_parallel_max", limits.job_parallel_max),
        ("job_attempts_max", limits.job_attempts_max as usize),
        ("job_undo_attempts_max", limits.job_undo_attempts_max as usize),
        ("connect_seconds_max", limits.connect_seconds_max as usize),
        ("credential_hours_max", limits.credential_hours_max as usize),
        ("gateway_certificate_seconds_between", limits.gateway_certificate_seconds_between as usize),
        ("gateway_replica_ms_between", limits.gateway_replica_ms_between as usize),
        ("gateway_replica_answer_ms_max", limits.gateway_replica_answer_ms_max as usize),
    ];
    match positive.iter().find(|(_, n)| *n == 0) {
        Some((name, _)) => Err(invalid(format!("limits.{name} is too small"))),
        None => Ok(()),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::ConfigInvalid, message)
}
