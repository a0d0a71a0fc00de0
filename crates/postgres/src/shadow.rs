//! A shadow: a scratch database of one tenant, in which blocks of PL/pgSQL are tried that decide while they run what
//! they define. Each service has at most one at a time; what a process that ended has left is replaced.

use tenantry_domain::{Layout, Result, ServiceName, TenantKeyType};
use tokio_postgres::Client;

use crate::bootstrap::{DatabaseKind, fill_database, seal_database};
use crate::error::db_error;
use crate::ident::quote_ident;
use crate::sql::{Values, render};

const FILL: &str = include_str!("shadow/fill.sql");
/// Forgets what an earlier block did.
pub const FORGET: &str = include_str!("shadow/forget.sql");
/// The texts noted, in order.
pub const NOTED: &str = include_str!("shadow/noted.sql");
/// How many definitions the server saw.
pub const FIRED: &str = include_str!("shadow/fired.sql");

/// Makes the database anew. `client` is connected to another database of the server, and holds the lock of the service's
/// shadow until it is closed.
///
/// # Errors
/// As [`db_error`].
pub async fn create(client: &Client, layout: &Layout, service: &ServiceName) -> Result<String> {
    let name = layout.shadow_database(service);
    client
        .execute("SELECT pg_advisory_lock(hashtext('tenantry shadow'), hashtext($1))", &[&name])
        .await
        .map_err(|e| db_error(e, "wait for the shadow database"))?;
    drop_database(client, &name).await?;
    let database = quote_ident(&name);
    let sql = format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8' STRATEGY wal_log");
    client.batch_execute(&sql).await.map_err(|e| db_error(e, &format!("create database {name}")))?;
    seal_database(client, &name).await?;
    Ok(name)
}

/// Fills it with what a tenant's own database has; the app's tables will stand in this schema. `client` is connected to it.
///
/// # Errors
/// As [`db_error`].
pub async fn fill(client: &mut Client, layout: &Layout, key: TenantKeyType, schema: &str) -> Result<()> {
    fill_database(client, layout, DatabaseKind::Template, key).await?;
    let values = Values::default()
        .text("old_schema", DatabaseKind::Template.schema())
        .text("schema", schema)
        .text("owner", layout.owner_role());
    client.batch_execute(&render(FILL, &values)?).await.map_err(|e| db_error(e, "set up the shadow database"))
}

/// Drops it.
///
/// # Errors
/// As [`db_error`].
pub async fn drop_database(client: &Client, name: &str) -> Result<()> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_ident(name));
    client.batch_execute(&sql).await.map_err(|e| db_error(e, &format!("drop database {name}")))
}
