//! What tenants have made for themselves where they may (`tenant_ddl`): theirs, and no drift.

use std::collections::BTreeMap;

use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_postgres::catalog::{Key, ObjectKind};
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

pub(crate) const OBJECTS: &str = include_str!("own/objects.sql");

/// The objects of each login in its schema, by schema.
pub(super) async fn objects(
    client: &Client,
    places: &[(String, String)],
) -> Result<BTreeMap<String, Vec<Key>>> {
    let (schemas, logins): (Vec<&str>, Vec<&str>) =
        places.iter().map(|(s, l)| (s.as_str(), l.as_str())).unzip();
    let doing = "list what tenants have made for themselves";
    let rows = client.query(OBJECTS, &[&schemas, &logins]).await.map_err(|e| db_error(e, doing))?;
    let mut all: BTreeMap<String, Vec<Key>> = BTreeMap::new();
    for row in rows {
        let word: &str = row.get(1);
        let kind = ObjectKind::named(word)
            .ok_or_else(|| Error::new(ErrorCode::Internal, format!("{doing}: {word}")))?;
        all.entry(row.get(0)).or_default().push(Key::new(kind, row.get::<_, String>(2)));
    }
    Ok(all)
}
