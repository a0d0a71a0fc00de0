//! The tenants of a data database, as its own map has them.

use jiff::Timestamp;
use tenantry_domain::{Isolation, Result, TenantId};
use tenantry_postgres::error::db_error;
use tokio_postgres::{Client, Row};

const LOCAL_TENANTS: &str = include_str!("local_tenants.sql");
const LOCAL_TENANT: &str = include_str!("local_tenant.sql");

/// A tenant with data in a data database.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub id: TenantId,
    /// What stands in the tenant column.
    pub key: String,
    pub isolation: Isolation,
    pub version: i64,
    pub created_at: Timestamp,
}

/// All of them, the oldest first.
pub(crate) async fn local_tenants(data: &Client) -> Result<Vec<Local>> {
    let doing = "read the tenants of the database";
    let rows = data.query(LOCAL_TENANTS, &[]).await.map_err(|e| db_error(e, doing))?;
    rows.iter().map(read).collect()
}

/// One of them, if it is still there.
pub(crate) async fn local_tenant(data: &Client, id: TenantId) -> Result<Option<Local>> {
    let doing = "read a tenant of the database";
    let row = data.query_opt(LOCAL_TENANT, &[&id.uuid()]).await.map_err(|e| db_error(e, doing))?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Local> {
    let isolation: &str = row.get(2);
    Ok(Local {
        id: TenantId::from_uuid(row.get(0)),
        key: row.get(1),
        isolation: isolation.parse()?,
        version: row.get(3),
        created_at: row.get(4),
    })
}
