//! What `SHOW` knows. Columns have PgBouncer's names where they mean the same.

use std::collections::BTreeMap;

use tenantry_domain::{Error, ErrorCode, Result, TenantId};

use crate::hub::Hub;
use crate::metrics::{Usage, server, slug, usage};
use crate::wire::backend::{Column, Kind};

/// An answer.
pub(super) struct Table {
    pub columns: &'static [Column<'static>],
    pub rows: Vec<Vec<String>>,
}

macro_rules! columns {
    ($($name:literal $kind:ident),* $(,)?) => { &[$(Column { name: $name, kind: Kind::$kind }),*] };
}

const SUBJECTS: &str = "SHOW POOLS, REPLICAS, CLIENTS, SERVERS, TENANTS, STATS or VERSION";

/// Answers a statement.
pub(super) async fn show(hub: &Hub, sql: &str) -> Result<Table> {
    let sql = sql.trim().trim_end_matches(';').to_ascii_lowercase();
    let words: Vec<&str> = sql.split_whitespace().collect();
    match words.as_slice() {
        ["show", "version"] => Ok(Table {
            columns: columns!["version" Text],
            rows: vec![vec![format!("Tenantry {}", env!("CARGO_PKG_VERSION"))]],
        }),
        ["show", "pools"] => pools(hub).await,
        ["show", "servers"] => servers(hub).await,
        ["show", "clients"] => Ok(clients(hub)),
        ["show", "tenants"] => Ok(tenants(hub)),
        ["show", "replicas"] => Ok(replicas(hub)),
        ["show", "stats"] => stats(hub).await,
        _ => Err(Error::new(ErrorCode::StatementRefused, "this database answers SHOW only").help(SUBJECTS)),
    }
}

/// Sums over shards, by cluster, server, database and login: free, in use, being opened; waiting clients.
async fn by_pool(hub: &Hub) -> Result<BTreeMap<[String; 4], [usize; 4]>> {
    let mut pools: BTreeMap<[String; 4], [usize; 4]> = BTreeMap::new();
    for pool in hub.stats().await?.iter().flat_map(|stats| &stats.pools) {
        let key = &pool.pool.key;
        let server = server(hub, &key.cluster, key.replica);
        let sums = pools.entry([&*key.cluster, &*server, &*key.database, &*key.login].map(str::to_owned));
        let sums = sums.or_default();
        let parts = [pool.free, pool.servers.saturating_sub(pool.free), pool.opening, pool.waiting];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }
    Ok(pools)
}

async fn pools(hub: &Hub) -> Result<Table> {
    let row =
        |([cluster, server, database, user], [free, used, opening, waiting]): ([String; 4], [usize; 4])| {
            let numbers = [waiting, used, free, opening].map(|n| n.to_string());
            let mut row = vec![database, user, cluster];
            row.extend(numbers);
            row.extend(["transaction".to_owned(), server]);
            row
        };
    Ok(Table {
        columns: columns!["database" Text, "user" Text, "cluster" Text, "cl_waiting" Integer, "sv_active" Integer,
            "sv_idle" Integer, "sv_login" Integer, "pool_mode" Text, "server" Text],
        rows: by_pool(hub).await?.into_iter().map(row).collect(),
    })
}

async fn servers(hub: &Hub) -> Result<Table> {
    let mut rows = Vec::new();
    for ([cluster, server, database, user], [free, used, opening, _]) in by_pool(hub).await? {
        for (state, count) in [("active", used), ("idle", free), ("login", opening)] {
            if count > 0 {
                let [cluster, server, database, user] =
                    [&cluster, &server, &database, &user].map(String::clone);
                rows.push(vec![user, database, state.to_owned(), cluster, count.to_string(), server]);
            }
        }
    }
    Ok(Table {
        columns: columns!["user" Text, "database" Text, "state" Text, "cluster" Text, "servers" Integer,
            "server" Text],
        rows,
    })
}

/// Each replica; behind them, for each cluster, the reads that its primary was given in their place, by reason.
fn replicas(hub: &Hub) -> Table {
    let mut rows = Vec::new();
    for (cluster, replicas) in &hub.replicas {
        let figure = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
        for replica in replicas.each() {
            let lag = replica.lag().map(|lag| lag.as_millis() as u64);
            let (name, state) = (replica.name().to_owned(), replica.state().as_str().to_owned());
            let figures = [figure(lag), figure(replica.bytes()), replica.reads().to_string()];
            rows.push([vec![cluster.clone(), name, state], figures.to_vec()].concat());
        }
        for (why, count) in replicas.fallbacks() {
            let blank = String::new();
            let state = format!("instead: {}", why.as_str());
            let row = [cluster.clone(), "primary".to_owned(), state, blank.clone(), blank, count.to_string()];
            rows.push(row.to_vec());
        }
    }
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    Table {
        columns: columns!["cluster" Text, "server" Text, "state" Text, "lag_ms" Integer, "lag_bytes" Integer,
            "reads" Integer],
        rows,
    }
}

fn clients(hub: &Hub) -> Table {
    let mut rows: Vec<Vec<String>> =
        hub.clients().into_iter().map(|(tenant, count)| vec![slug(hub, tenant), count.to_string()]).collect();
    rows.sort();
    Table { columns: columns!["tenant" Text, "clients" Integer], rows }
}

fn tenants(hub: &Hub) -> Table {
    let counts: BTreeMap<TenantId, usize> = hub.clients().into_iter().collect();
    let snapshot = hub.setup.directory.now();
    let row = |entry: &std::sync::Arc<tenantry_registry::directory::Entry>| {
        vec![
            entry.slug.to_string(),
            entry.status.to_string(),
            entry.isolation.to_string(),
            entry.plan.clone().unwrap_or_default(),
            counts.get(&entry.id).copied().unwrap_or_default().to_string(),
        ]
    };
    let mut rows: Vec<Vec<String>> = snapshot.tenants().map(row).collect();
    rows.sort();
    Table {
        columns: columns!["tenant" Text, "status" Text, "isolation" Text, "plan" Text, "clients" Integer],
        rows,
    }
}

async fn stats(hub: &Hub) -> Result<Table> {
    let row = |(tenant, usage): (String, Usage)| {
        // PgBouncer counts microseconds.
        let micros = |ms: u64| ms.saturating_mul(1_000);
        let numbers = [
            usage.transactions,
            usage.queries,
            usage.bytes_in,
            usage.bytes_out,
            micros(usage.busy_ms),
            micros(usage.waited_ms),
            usage.rows,
            usage.errors,
        ];
        std::iter::once(tenant).chain(numbers.iter().map(u64::to_string)).collect()
    };
    Ok(Table {
        columns: columns!["tenant" Text, "total_xact_count" Integer, "total_query_count" Integer,
            "total_received" Integer, "total_sent" Integer, "total_xact_time" Integer, "total_wait_time" Integer,
            "total_rows" Integer, "total_errors" Integer],
        rows: usage(hub, &hub.stats().await?).into_iter().map(row).collect(),
    })
}
