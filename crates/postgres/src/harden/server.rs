//! What must hold for a whole server: settings, and the databases that PostgreSQL makes itself.

use tenantry_domain::Result;
use tokio_postgres::Client;

use crate::error::db_error;
use crate::ident::quote_ident;

/// Lowest value of `max_locks_per_transaction`: the lock table is shared by all databases, and whoever fills it keeps
/// everybody from connecting.
pub const LOCKS_PER_TRANSACTION_MIN: i64 = 256;

/// Something about a server that endangers its tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOffence {
    /// The setting or database.
    pub object: String,
    /// What can happen.
    pub danger: &'static str,
    /// The SQL that mends it; a changed setting needs a restart of the server.
    pub mend: String,
}

/// Checks settings and the databases that everyone may connect to. Any database of the server will do for `client`.
///
/// # Errors
/// As [`db_error`].
pub async fn check_server(client: &Client) -> Result<Vec<ServerOffence>> {
    let doing = "check the server's settings";
    let settings =
        client.query_one(include_str!("server/settings.sql"), &[]).await.map_err(|e| db_error(e, doing))?;
    let (prepared, locks): (i64, i64) = (settings.get(0), settings.get(1));
    let mut found = Vec::new();
    if prepared != 0 {
        found.push(ServerOffence {
            object: format!("setting max_prepared_transactions = {prepared}"),
            danger: "prepared transactions of one tenant, left behind, hold locks for ever and fill the server's table of them",
            mend: "ALTER SYSTEM SET max_prepared_transactions = 0; -- and restart the server".to_owned(),
        });
    }
    if locks < LOCKS_PER_TRANSACTION_MIN {
        found.push(ServerOffence {
            object: format!("setting max_locks_per_transaction = {locks}"),
            danger: "one tenant's transaction can fill the lock table of the whole server: nobody can connect any more",
            mend: format!(
                "ALTER SYSTEM SET max_locks_per_transaction = {LOCKS_PER_TRANSACTION_MIN}; -- and restart the server"
            ),
        });
    }
    for database in open_databases(client).await? {
        found.push(ServerOffence {
            danger: "every tenant can connect to it, take locks there and read catalogs that are not hardened",
            mend: format!("REVOKE ALL ON DATABASE {} FROM PUBLIC;", quote_ident(&database)),
            object: format!("database {database}"),
        });
    }
    Ok(found)
}

/// Takes everyone's right to connect to the databases that PostgreSQL makes itself (`postgres`, `template1`). For
/// servers that serve nothing but Tenantry.
///
/// # Errors
/// As [`db_error`].
pub async fn close_maintenance_databases(client: &Client) -> Result<()> {
    let mut script = String::new();
    for database in open_databases(client).await? {
        if matches!(database.as_str(), "postgres" | "template1") {
            script.push_str(&format!("REVOKE ALL ON DATABASE {} FROM PUBLIC;\n", quote_ident(&database)));
        }
    }
    client.batch_execute(&script).await.map_err(|e| db_error(e, "close the maintenance databases"))
}

/// The databases that every role may connect to.
async fn open_databases(client: &Client) -> Result<Vec<String>> {
    let rows = client
        .query(include_str!("server/open_databases.sql"), &[])
        .await
        .map_err(|e| db_error(e, "read who may connect to the server's databases"))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}
