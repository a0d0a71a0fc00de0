//! Point (c): no table, key or foreign key of the shared shape without the tenant column.

use tokio_postgres::Client;

const SHARED: &str = include_str!("rules/shared.sql");

/// Object and broken rule.
pub async fn broken(data: &Client, tenant_column: &str) -> Vec<(String, String)> {
    let rows = data.query(SHARED, &[&tenant_column]).await.expect("read the shared schema");
    rows.iter().map(|r| (r.get(0), r.get(1))).collect()
}
