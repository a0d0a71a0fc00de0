//! What Prometheus reads of a gateway, and what each tenant has used.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tenantry_domain::TenantId;

use crate::hub::Hub;
use crate::reads::{Replica, State};
use crate::shard::{PoolKey, Stats};

mod text;

use text::Text;

/// The figures of a gateway that was started. Copies are the same ones.
#[derive(Clone)]
pub struct Metrics(pub(crate) Arc<Hub>);

/// What a tenant has used since the gateway started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub transactions: u64,
    pub queries: u64,
    pub rows: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub busy_ms: u64,
    pub waited_ms: u64,
    pub errors: u64,
}

/// A tenant's slug as it is now, or its id where it is gone.
pub(crate) fn slug(hub: &Hub, tenant: TenantId) -> String {
    hub.setup.directory.now().get(tenant).map_or_else(|| tenant.to_string(), |entry| entry.slug.to_string())
}

/// Sums over shards, by slug.
pub(crate) fn usage(hub: &Hub, stats: &[Stats]) -> BTreeMap<String, Usage> {
    let mut tenants: BTreeMap<String, Usage> = BTreeMap::new();
    for (tenant, counts) in stats.iter().flat_map(|stats| &stats.tenants) {
        let sum = tenants.entry(slug(hub, *tenant)).or_default();
        for (part, counter) in [
            (&mut sum.transactions, &counts.transactions),
            (&mut sum.queries, &counts.queries),
            (&mut sum.rows, &counts.rows),
            (&mut sum.bytes_in, &counts.bytes_in),
            (&mut sum.bytes_out, &counts.bytes_out),
            (&mut sum.busy_ms, &counts.busy_ms),
            (&mut sum.waited_ms, &counts.waited_ms),
            (&mut sum.errors, &counts.errors),
        ] {
            *part += counter.load(Relaxed);
        }
    }
    tenants
}

impl Metrics {
    /// The text, in Prometheus' exposition format.
    pub async fn render(&self) -> String {
        let hub = &*self.0;
        let mut text = Text::default();
        directory(hub, &mut text);
        replicas(hub, &mut text);
        match hub.stats().await {
            Ok(stats) => {
                clients(hub, &stats, &mut text);
                servers(hub, &stats, &mut text);
                refusals(hub, &stats, &mut text);
                tenants(&usage(hub, &stats), &mut text);
            }
            Err(error) => tracing::error!(error = ?error, "the gateway's figures can't be read"),
        }
        text.into()
    }
}

fn directory(hub: &Hub, text: &mut Text) {
    let directory = &hub.setup.directory;
    let help = "Seconds for which the control database has not been heard of: what was changed since may be unknown.";
    text.family("tenantry_gateway_directory_silent_seconds", "gauge", help);
    text.value(&[], directory.silent_for().as_secs_f64());
    text.family("tenantry_gateway_directory_tenants", "gauge", "Tenants that the gateway knows.");
    text.value(&[], directory.now().tenants().count() as f64);
}

fn clients(hub: &Hub, stats: &[Stats], text: &mut Text) {
    text.family("tenantry_gateway_clients", "gauge", "Clients of each tenant.");
    for (tenant, count) in hub.clients() {
        text.value(&[("tenant", &slug(hub, tenant))], count as f64);
    }
    text.family("tenantry_gateway_clients_waiting", "gauge", "Clients that wait for a server connection.");
    text.value(&[], stats.iter().map(|stats| stats.waiting).sum::<usize>() as f64);
}

fn servers(hub: &Hub, stats: &[Stats], text: &mut Text) {
    let mut clusters: BTreeMap<(&str, String), [usize; 3]> = BTreeMap::new();
    for pool in stats.iter().flat_map(|stats| &stats.pools) {
        let states = clusters.entry(place(hub, &pool.pool.key)).or_default();
        let parts = [pool.servers.saturating_sub(pool.free), pool.free, pool.opening];
        states.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }
    text.family(
        "tenantry_gateway_server_connections",
        "gauge",
        "Connections to the servers of each cluster.",
    );
    for ((cluster, server), counts) in clusters {
        for (state, count) in ["used", "idle", "opening"].into_iter().zip(counts) {
            text.value(&[("cluster", cluster), ("server", &server), ("state", state)], count as f64);
        }
    }
    let help = "Connections of each server's budget that are taken.";
    text.family("tenantry_gateway_budget_used", "gauge", help);
    for ((cluster, replica), used) in hub.pools.used() {
        let server = server(hub, &cluster, replica);
        text.value(&[("cluster", &cluster), ("server", &server)], used as f64);
    }
    text.family("tenantry_gateway_budget_max", "gauge", "Connections that each server is used with at most.");
    text.value(&[], hub.pools.per_cluster_max() as f64);
}

/// A server's name: host and port of a replica, else `primary`.
pub(crate) fn server(hub: &Hub, cluster: &str, replica: Option<usize>) -> String {
    let replicas = hub.replicas.get(cluster);
    let replica = replica.and_then(|replica| replicas?.each().get(replica));
    replica.map_or("primary", Replica::name).to_owned()
}

fn place<'a>(hub: &Hub, key: &'a PoolKey) -> (&'a str, String) {
    (&key.cluster, server(hub, &key.cluster, key.replica))
}

/// A family of figures of replicas: name, kind, help, the figure.
type ReplicaFamily = (&'static str, &'static str, &'static str, fn(&Replica) -> Option<f64>);

const REPLICAS: [ReplicaFamily; 4] = [
    ("tenantry_gateway_replica_up", "gauge", "Whether a replica is asked.", |r| {
        Some(f64::from(u8::from(r.state() == State::Up)))
    }),
    ("tenantry_gateway_replica_lag_seconds", "gauge", "Seconds that a replica is behind its primary.", |r| {
        r.lag().map(|lag| lag.as_secs_f64())
    }),
    ("tenantry_gateway_replica_lag_bytes", "gauge", "Bytes that a replica has not replayed.", |r| {
        r.bytes().map(|bytes| bytes as f64)
    }),
    ("tenantry_gateway_replica_reads_total", "counter", "Transactions that a replica was given.", |r| {
        Some(r.reads() as f64)
    }),
];

fn replicas(hub: &Hub, text: &mut Text) {
    for (family, kind, help, figure) in REPLICAS {
        text.family(family, kind, help);
        for (cluster, replicas) in &hub.replicas {
            for replica in replicas.each() {
                if let Some(figure) = figure(replica) {
                    text.value(&[("cluster", cluster), ("server", replica.name())], figure);
                }
            }
        }
    }
    let help = "Reads that replicas might have answered and the primary was given, by the reason.";
    text.family("tenantry_gateway_read_fallbacks_total", "counter", help);
    for (cluster, replicas) in &hub.replicas {
        for (why, count) in replicas.fallbacks() {
            text.value(&[("cluster", cluster), ("reason", why.as_str())], count as f64);
        }
    }
}

fn refusals(hub: &Hub, stats: &[Stats], text: &mut Text) {
    let mut codes = hub.refused();
    for (code, count) in stats.iter().flat_map(|stats| &stats.refused) {
        *codes.entry(code.as_str()).or_default() += count;
    }
    let help = "Connections and statements that the gateway refused or ended, by the error's code.";
    text.family("tenantry_gateway_refusals_total", "counter", help);
    for (code, count) in codes {
        text.value(&[("code", code)], count as f64);
    }
}

/// A family of figures of tenants: name, help, the figure.
type Family = (&'static str, &'static str, fn(&Usage) -> f64);

fn tenants(usage: &BTreeMap<String, Usage>, text: &mut Text) {
    let families: [Family; 8] = [
        ("transactions", "Times that a tenant's clients were given a server connection.", |u| {
            u.transactions as f64
        }),
        ("queries", "Statements of each tenant.", |u| u.queries as f64),
        ("rows", "Rows returned to each tenant.", |u| u.rows as f64),
        ("received_bytes", "Bytes that each tenant's clients sent.", |u| u.bytes_in as f64),
        ("sent_bytes", "Bytes that each tenant's clients were sent.", |u| u.bytes_out as f64),
        ("busy_seconds", "Seconds that each tenant held server connections.", |u| u.busy_ms as f64 / 1e3),
        ("waited_seconds", "Seconds that each tenant's clients waited for one.", |u| {
            u.waited_ms as f64 / 1e3
        }),
        ("errors", "Errors that each tenant's clients got.", |u| u.errors as f64),
    ];
    for (name, help, figure) in families {
        let mut family = String::new();
        // Writing to a string does not fail.
        let _ = write!(family, "tenantry_gateway_{name}_total");
        text.family(&family, "counter", help);
        for (tenant, usage) in usage {
            text.value(&[("tenant", tenant)], figure(usage));
        }
    }
}
