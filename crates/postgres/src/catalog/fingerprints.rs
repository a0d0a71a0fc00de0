//! The catalogs of many schemas at once, each as one hash: what is equal needs no closer look.
//!
//! One query answers for many schemas, with a text of all that [`super::inspect`] would read (and the order of columns)
//! behind each hash. Equal hashes mean equal catalogs; different ones only that it is worth looking. Measured on
//! PostgreSQL 15 with 1,000 schemas of 10 tables, 40 indexes, two views and two functions each: 3.5 s on one
//! connection, 2.1 s on two, on a machine of two cores that was busy otherwise.

use std::collections::HashMap;

use tenantry_domain::{ErrorCode, Result, ResultExt};
use tokio_postgres::Client;

use super::part::get;

pub(crate) const FINGERPRINTS: &str = include_str!("fingerprints.sql");

/// Schemas that one query asks for: the server holds a lock on each table under a view until it has answered.
const SCHEMAS_PER_QUERY_MAX: usize = 100;

/// A tenant's schema and the login whose own objects are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSchema {
    /// The schema: `tenant_` and the tenant's id.
    pub schema: String,
    /// The tenant's login.
    pub login: String,
}

/// The hash of each schema by its name; one that does not exist has none. The client must not be in a transaction.
///
/// # Errors
/// `database` when the server refused.
pub async fn fingerprints(client: &Client, tenants: &[TenantSchema]) -> Result<HashMap<String, String>> {
    let mut all = HashMap::with_capacity(tenants.len());
    for chunk in tenants.chunks(SCHEMAS_PER_QUERY_MAX) {
        let schemas: Vec<&str> = chunk.iter().map(|t| t.schema.as_str()).collect();
        let logins: Vec<&str> = chunk.iter().map(|t| t.login.as_str()).collect();
        let doing = "hash the catalogs of schemas";
        let begin = "BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off";
        client.batch_execute(begin).await.code(ErrorCode::Database, doing)?;
        let rows = client.query(FINGERPRINTS, &[&schemas, &logins]).await;
        client.batch_execute("ROLLBACK").await.code(ErrorCode::Database, doing)?;
        for row in rows.code(ErrorCode::Database, doing)? {
            all.insert(get(&row, "name")?, get(&row, "hash")?);
        }
    }
    Ok(all)
}
