//! What `SHOW` knows. Columns have PgBouncer's names where they mean the same.

use std::collections::BTreeMap;

use tenantry_domain::{Error, ErrorCode, Result, TenantId};

use crate::hub::Hub;
use crate::metrics::{Usage, slug, usage};
use crate::wire::backend::{Column, Kind};

/// An answer.
pub(super) struct Table {
    pub columns: &'static [Column<'static>],
    pub rows: Vec<Vec<String>>,
}

macro_rules! columns {
    ($($name:literal $kind:ident),* $(,)?) => { &[$(Column { name: $name, kind: Kind::$kind }),*] };
}

const SUBJECTS: &str = "SHOW POOLS, CLIENTS, SERVERS, TENANTS, STATS or VERSION";

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
        ["show", "stats"] => stats(hub).await,
        _ => Err(Error::new(ErrorCode::StatementRefused, "this database answers SHOW only").help(SUBJECTS)),
    }
}

/// Sums over shards, by cluster, database and login: free, in use, being opened; waiting clients.
async fn by_pool(hub: &Hub) -> Result<BTreeMap<[String; 3], [usize; 4]>> {
    let mut pools: BTreeMap<[String; 3], [usize; 4]> = BTreeMap::new();
    for pool in hub.stats().await?.iter().flat_map(|stats| &stats.pools) {
        let key = &pool.pool.key;
        let sums = pools.entry([&key.cluster, &key.database, &key.login].map(|s| s.to_string())).or_default();
        let parts = [pool.free, pool.servers.saturating_sub(pool.free), pool.opening, pool.waiting];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }
    Ok(pools)
}

async fn pools(hub: &Hub) -> Result<Table> {
    let row = |([cluster, database, user], [free, used, opening, waiting]): ([String; 3], [usize; 4])| {
        let numbers = [waiting, used, free, opening].map(|n| n.to_string());
        let mut row = vec![database, user, cluster];
        row.extend(numbers);
        row.push("transaction".to_owned());
        row
    };
    Ok(Table {
        columns: columns!["database" Text, "user" Text, "cluster" Text, "cl_waiting" Integer, "sv_active" Integer,
            "sv_idle" Integer, "sv_login" Integer, "pool_mode" Text],
        rows: by_pool(hub).await?.into_iter().map(row).collect(),
    })
}

async fn servers(hub: &Hub) -> Result<Table> {
    let mut rows = Vec::new();
    for ([cluster, database, user], [free, used, opening, _]) in by_pool(hub).await? {
        for (state, count) in [("active", used), ("idle", free), ("login", opening)] {
            if count > 0 {
                let (database, user, cluster) = (database.clone(), user.clone(), cluster.clone());
                rows.push(vec![user, database, state.to_owned(), cluster, count.to_string()]);
            }
        }
    }
    Ok(Table {
        columns: columns!["user" Text, "database" Text, "state" Text, "cluster" Text, "servers" Integer],
        rows,
    })
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
