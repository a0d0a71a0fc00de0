//! Removing what tests that were killed left on the server.

use tenantry_domain::Result;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::ident::quote_ident;
use tenantry_postgres::server::Server;
use tokio_postgres::Client;

use crate::names::age_minutes;

/// Younger leftovers can belong to a test that runs.
const AGE_MINUTES_MIN: u64 = 60;

/// Drops databases and roles of tests that began more than an hour ago. Another test process can do the same
/// at the same time, so a refusal is no failure.
///
/// # Errors
/// When the server goes away.
pub(crate) async fn leftovers(server: &Server) -> Result<()> {
    let client = connect(server, "postgres", "test-sweep").await?;
    // One sweeper at a time: what another one is just dropping answers with the end of the connection.
    let alone = client.query_one("SELECT pg_try_advisory_lock(hashtext('test-sweep'))", &[]).await;
    if !alone.map_err(|e| db_error(e, "take the sweeper's lock"))?.get::<_, bool>(0) {
        return Ok(());
    }
    for database in old_names(&client, "SELECT datname FROM pg_database").await? {
        drop_database(&client, &database).await;
    }
    for role in old_names(&client, "SELECT rolname FROM pg_roles").await? {
        let role = quote_ident(&role);
        let _ = client.batch_execute(&format!("DROP OWNED BY {role}")).await;
        let _ = client.batch_execute(&format!("DROP ROLE {role}")).await;
    }
    Ok(())
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

async fn old_names(client: &Client, query: &str) -> Result<Vec<String>> {
    let rows = client.query(query, &[]).await.map_err(|e| db_error(e, "read names on the test server"))?;
    let names = rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        .filter(|name| age_minutes(name).is_some_and(|age| age > AGE_MINUTES_MIN))
        .collect();
    Ok(names)
}
