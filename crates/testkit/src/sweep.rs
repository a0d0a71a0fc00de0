//! Removing what tests left on the server: a data directory of thousands of databases and roles fills the
//! disk and makes every later test slower.

use std::collections::BTreeSet;

use tenantry_domain::Result;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::ident::quote_ident;
use tenantry_postgres::server::Server;
use tokio_postgres::Client;

use crate::names::app_of;
use crate::owner;

/// Sweeps in a thread of its own, so that no test waits for it. What it doesn't manage before this process
/// ends is left to the next one.
pub(crate) fn in_background(server: Server) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // The server can be stopped meanwhile: that is for the tests to notice.
        let _ = runtime.expect("a runtime").block_on(leftovers(&server));
    });
}

/// Drops databases and roles of tests whose process has ended.
///
/// # Errors
/// When the server goes away.
async fn leftovers(server: &Server) -> Result<()> {
    let client = connect(server, "postgres", "test-sweep").await?;
    // One sweeper at a time: what another one is just dropping answers with the end of the connection.
    let alone = client.query_one("SELECT pg_try_advisory_lock(hashtext('test-sweep'))", &[]).await;
    if !alone.map_err(|e| db_error(e, "take the sweeper's lock"))?.get::<_, bool>(0) {
        return Ok(());
    }
    let databases = names(&client, "SELECT datname::text FROM pg_database", &[]).await?;
    let roles = names(&client, "SELECT rolname::text FROM pg_roles", &[]).await?;
    let apps: BTreeSet<&str> = databases.iter().chain(&roles).filter_map(|name| app_of(name)).collect();
    owner::forget(|name| apps.contains(name));
    for app in apps.iter().filter(|app| !owner::lives(app)) {
        for database in databases.iter().filter(|name| app_of(name) == Some(*app)) {
            drop_database(&client, database).await;
        }
        let own: Vec<&String> = roles.iter().filter(|name| app_of(name) == Some(*app)).collect();
        drop_roles(&client, &names(&client, MEMBERS, &[&own]).await?).await;
        drop_roles(&client, &own).await;
    }
    Ok(())
}

/// The roles of tenants have names that don't tell the app, but they are members of its groups.
const MEMBERS: &str = "\
    SELECT DISTINCT member::regrole::text FROM pg_auth_members
    WHERE roleid::regrole::text = ANY($1) AND member::regrole::text <> ALL($1)
      AND member::regrole::text ~ '^[to]_'";

async fn drop_roles(client: &Client, roles: &[impl AsRef<str>]) {
    let names: Vec<String> = roles.iter().map(|role| quote_ident(role.as_ref())).collect();
    if names.is_empty() || client.batch_execute(&format!("DROP ROLE {}", names.join(", "))).await.is_ok() {
        return;
    }
    for role in names {
        let _ = client.batch_execute(&format!("DROP OWNED BY {role}")).await;
        let _ = client.batch_execute(&format!("DROP ROLE {role}")).await;
    }
}

/// Drops a database whoever uses it; one that was marked as a template too.
pub(crate) async fn drop_database(client: &Client, database: &str) {
    let template = "SELECT FROM pg_database WHERE datname = $1 AND datistemplate";
    let is_template = client.query_opt(template, &[&database]).await.is_ok_and(|row| row.is_some());
    let database = quote_ident(database);
    if is_template {
        let _ = client.batch_execute(&format!("ALTER DATABASE {database} IS_TEMPLATE false")).await;
    }
    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
}

async fn names(
    client: &Client,
    query: &str,
    params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<Vec<String>> {
    let rows = client.query(query, params).await.map_err(|e| db_error(e, "read names on the test server"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
