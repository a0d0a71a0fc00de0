//! The objects of a schema as text that can be compared between databases: kind, name and definition.

use std::collections::BTreeMap;

use tenantry_postgres::ident::quote_ident;
use tokio_postgres::Client;

const PARTS: &[&str] = &[
    include_str!("snapshot/tables.sql"),
    include_str!("snapshot/columns.sql"),
    include_str!("snapshot/constraints.sql"),
    include_str!("snapshot/indexes.sql"),
    include_str!("snapshot/views.sql"),
    include_str!("snapshot/functions.sql"),
    include_str!("snapshot/triggers.sql"),
    include_str!("snapshot/policies.sql"),
    include_str!("snapshot/sequences.sql"),
    include_str!("snapshot/types.sql"),
    include_str!("snapshot/comments.sql"),
    include_str!("snapshot/extensions.sql"),
];
const OTHERS: &str = include_str!("snapshot/others.sql");

/// Definitions by kind and name.
pub type Snapshot = BTreeMap<(String, String), String>;

/// Reads a schema; `tenant_column` is empty where there is none.
pub async fn read(client: &Client, schema: &str, tenant_column: &str) -> Snapshot {
    // Names within the path are printed bare.
    let path = format!("SET search_path = {}, extensions, global", quote_ident(schema));
    client.batch_execute(&path).await.expect("set the path");
    let mut snapshot = Snapshot::new();
    for sql in PARTS {
        snapshot.extend(part(client, sql, schema, tenant_column).await);
    }
    client.batch_execute("RESET search_path").await.expect("reset the path");
    snapshot
}

/// Reads every schema of the plain run as one.
pub async fn read_all(client: &Client) -> Snapshot {
    let mut all = read(client, "public", "").await;
    for schema in other_schemas(client).await {
        all.extend(read(client, &schema, "").await);
    }
    all
}

/// Schemas that the plain run has made beside its own.
pub async fn other_schemas(client: &Client) -> Vec<String> {
    let rows = client.query(OTHERS, &[]).await.expect("read the schemas");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn part(client: &Client, sql: &str, schema: &str, tenant_column: &str) -> Snapshot {
    let rows = client.query(sql, &[&schema, &tenant_column]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let text = |row: &tokio_postgres::Row, i| row.get::<_, Option<String>>(i).unwrap_or_default();
    rows.iter().map(|row| ((text(row, 0), text(row, 1)), text(row, 2))).collect()
}
