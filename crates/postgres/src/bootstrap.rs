//! Setting up an app on a server: its roles, its data databases, the template databases.
//!
//! Every function here is idempotent: what is there already stays. The caller connects as a superuser, hardens each
//! database afterwards ([`crate::harden`]), and holds the cluster's bootstrap lock ([`lock_cluster`]).

use tenantry_domain::limits::{ADVISORY_CALLS_BETWEEN_COUNTS, ADVISORY_LOCKS_PER_SESSION_MAX};
use tenantry_domain::{Isolation, Layout, Result, ServiceName, TenantKeyType, layout};
use tokio_postgres::Client;

use crate::error::db_error;
use crate::ident::quote_ident;
use crate::sql::{Values, render};

const FUNCTIONS: &str = include_str!("bootstrap/functions.sql");
const LEDGER_FUNCTIONS: &str = include_str!("bootstrap/ledger_functions.sql");
const ADVISORY_FUNCTIONS: &str = include_str!("bootstrap/advisory_functions.sql");
const CASCADE_FUNCTIONS: &str = include_str!("bootstrap/cascade_functions.sql");
const SESSION_FUNCTIONS: &str = include_str!("bootstrap/session_functions.sql");
const MATCH_FULL_FUNCTIONS: &str = include_str!("bootstrap/match_full_functions.sql");
const LACKS_FUNCTIONS: &str = include_str!("bootstrap/lacks_functions.sql");
const SCHEMAS: &str = include_str!("bootstrap/schemas.sql");
const OWN_GRANTS: &str = include_str!("bootstrap/own_grants.sql");
const SHARED_GUARD: &str = include_str!("bootstrap/shared_guard.sql");
const TEMPLATE_SCHEMA: &str = include_str!("bootstrap/template_schema.sql");

/// What a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// Shared tables and schemas of tenants.
    Data,
    /// What databases of tenants are cloned from.
    Template,
}

impl DatabaseKind {
    /// The schema of the app's tables.
    pub const fn schema(self) -> &'static str {
        match self {
            DatabaseKind::Data => layout::SHARED_SCHEMA,
            DatabaseKind::Template => layout::DATABASE_SCHEMA,
        }
    }

    /// The isolation of the tenants that this schema serves.
    pub const fn isolation(self) -> Isolation {
        match self {
            DatabaseKind::Data => Isolation::Shared,
            DatabaseKind::Template => Isolation::Database,
        }
    }

    fn name(self, layout: &Layout, service: &ServiceName) -> String {
        match self {
            DatabaseKind::Data => layout.data_database(service),
            DatabaseKind::Template => layout.template_database(service),
        }
    }
}

/// Waits for the lock that serialises set-up on one cluster; it lasts until the connection ends.
///
/// # Errors
/// As [`db_error`].
pub async fn lock_cluster(client: &Client) -> Result<()> {
    client
        .execute("SELECT pg_advisory_lock(hashtext('tenantry bootstrap'))", &[])
        .await
        .map_err(|e| db_error(e, "wait for the set-up lock"))?;
    Ok(())
}

/// Makes the app's roles where they are missing: none may log in except the app door's, and that one only once it
/// has been given a password.
///
/// # Errors
/// As [`db_error`].
pub async fn ensure_roles(client: &Client, layout: &Layout) -> Result<()> {
    let mut roles = vec![
        (layout.owner_role(), "NOLOGIN"),
        (layout.platform_role(), "NOLOGIN"),
        (layout.tenant_owners_role(), "NOLOGIN"),
        (layout.app_role(), "LOGIN"),
    ];
    roles.extend(Isolation::ALL.map(|i| (layout.group_role(i), "NOLOGIN")));
    let have = client
        .query("SELECT rolname::text FROM pg_catalog.pg_roles", &[])
        .await
        .map_err(|e| db_error(e, "read the server's roles"))?;
    let have: Vec<String> = have.iter().map(|r| r.get(0)).collect();
    let mut script = String::new();
    for (role, login) in roles.iter().filter(|(r, _)| !have.contains(r)) {
        script.push_str(&format!(
            "CREATE ROLE {} {login} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION;\n",
            quote_ident(role)
        ));
    }
    // The platform's role clones and removes rows of tenants: fixed SQL of ours, with triggers off.
    script.push_str(&format!(
        "ALTER ROLE {platform} BYPASSRLS;\nGRANT {} TO {platform};\n",
        quote_ident(&layout.group_role(Isolation::Shared)),
        platform = quote_ident(&layout.platform_role()),
    ));
    script.push_str(&format!(
        "GRANT {} TO {};\n",
        quote_ident(&layout.group_role(Isolation::Shared)),
        quote_ident(&layout.app_role())
    ));
    client.batch_execute(&script).await.map_err(|e| db_error(e, "create the app's roles"))
}

/// Whether a database of this name exists.
///
/// # Errors
/// As [`db_error`].
pub async fn database_exists(client: &Client, database: &str) -> Result<bool> {
    let row = client
        .query_one("SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)", &[&database])
        .await
        .map_err(|e| db_error(e, "read the server's databases"))?;
    Ok(row.get(0))
}

/// Makes the control database where it is missing; nobody but its owner may connect. `client` is connected to another
/// database of the same server and holds the bootstrap lock. Returns whether it was made.
///
/// # Errors
/// As [`db_error`].
pub async fn ensure_control_database(client: &Client, name: &str) -> Result<bool> {
    let doing = format!("create database {name}");
    let missing = !database_exists(client, name).await?;
    if missing {
        let database = quote_ident(name);
        let sql = format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'");
        client.batch_execute(&sql).await.map_err(|e| db_error(e, &doing))?;
    }
    seal_database(client, name).await?;
    Ok(missing)
}

/// Takes from everyone what PostgreSQL lets everyone do with a database: connect, make temporary tables.
///
/// # Errors
/// As [`db_error`].
pub async fn seal_database(client: &Client, database: &str) -> Result<()> {
    let sql = format!("REVOKE ALL ON DATABASE {} FROM PUBLIC", quote_ident(database));
    client
        .batch_execute(&sql)
        .await
        .map_err(|e| db_error(e, &format!("close database {database} to everyone")))
}

/// Closes the databases that every server is born with, on a server that is ours alone.
///
/// # Errors
/// As [`db_error`].
pub async fn seal_own_server(client: &Client) -> Result<()> {
    seal_database(client, "postgres").await?;
    seal_database(client, "template1").await
}

/// Makes an empty database with nothing granted to anyone but those who need it. `client` is connected to another
/// database of the same server.
///
/// # Errors
/// As [`db_error`].
pub async fn create_database(
    client: &Client,
    layout: &Layout,
    service: &ServiceName,
    kind: DatabaseKind,
) -> Result<()> {
    let name = kind.name(layout, service);
    if !database_exists(client, &name).await? {
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' STRATEGY wal_log ALLOW_CONNECTIONS true",
            quote_ident(&name)
        );
        client.batch_execute(&sql).await.map_err(|e| db_error(e, &format!("create database {name}")))?;
    }
    let database = quote_ident(&name);
    let mut script = format!(
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC;\n\
         GRANT TEMPORARY ON DATABASE {database} TO {}, {};\n\
         ALTER DATABASE {database} SET search_path = {}, global, extensions;\n",
        quote_ident(&layout.owner_role()),
        quote_ident(&layout.tenant_owners_role()),
        quote_ident(kind.schema())
    );
    if kind == DatabaseKind::Data {
        script.push_str(&format!(
            "GRANT CONNECT ON DATABASE {database} TO {}, {}, {};\n",
            quote_ident(&layout.group_role(Isolation::Shared)),
            quote_ident(&layout.group_role(Isolation::Schema)),
            quote_ident(&layout.app_role()),
        ));
    }
    client.batch_execute(&script).await.map_err(|e| db_error(e, &format!("prepare database {name}")))
}

/// Fills a database made by [`create_database`] with schemas and functions, in one transaction. `client` is connected to
/// it. A database that has them already is left alone.
///
/// # Errors
/// As [`db_error`].
pub async fn fill_database(
    client: &mut Client,
    layout: &Layout,
    kind: DatabaseKind,
    key: TenantKeyType,
) -> Result<()> {
    let doing = "set up the database's schemas";
    let tx = client.transaction().await.map_err(|e| db_error(e, doing))?;
    let there: bool = tx
        .query_one("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'tenantry')", &[])
        .await
        .map_err(|e| db_error(e, doing))?
        .get(0);
    if !there {
        tx.batch_execute(&fill_script(layout, kind, key)?).await.map_err(|e| db_error(e, doing))?;
    }
    tx.commit().await.map_err(|e| db_error(e, doing))?;
    ensure_functions(client, layout).await
}

/// Makes the functions that note migrations, those for advisory locks, for foreign keys and for settings, where they are
/// missing: in a database that an earlier version has made. `client` is connected to it.
///
/// # Errors
/// As [`db_error`].
pub async fn ensure_functions(client: &Client, layout: &Layout) -> Result<()> {
    let doing = "make the functions that migrations need";
    let missing: bool = client.query_one(LACKS_FUNCTIONS, &[]).await.map_err(|e| db_error(e, doing))?.get(0);
    if !missing {
        return Ok(());
    }
    let script = format!("BEGIN;\n{}COMMIT;", later_functions(layout)?);
    client.batch_execute(&script).await.map_err(|e| db_error(e, doing))
}

fn later_functions(layout: &Layout) -> Result<String> {
    let values = Values::default()
        .text("platform", layout.platform_role())
        .text("owner", layout.owner_role())
        .text("owners", layout.tenant_owners_role())
        .text("app_role", layout.app_role())
        .text("shared_group", layout.group_role(Isolation::Shared))
        .text("schema_group", layout.group_role(Isolation::Schema))
        .text("database_group", layout.group_role(Isolation::Database))
        .raw("locks_max", ADVISORY_LOCKS_PER_SESSION_MAX.to_string())
        .raw("calls_max", ADVISORY_CALLS_BETWEEN_COUNTS.to_string());
    let all =
        [LEDGER_FUNCTIONS, ADVISORY_FUNCTIONS, CASCADE_FUNCTIONS, MATCH_FULL_FUNCTIONS, SESSION_FUNCTIONS];
    all.into_iter().map(|script| render(script, &values)).collect()
}

/// The SQL that [`fill_database`] runs.
fn fill_script(layout: &Layout, kind: DatabaseKind, key: TenantKeyType) -> Result<String> {
    let values = Values::default()
        .text("owner", layout.owner_role())
        .text("platform", layout.platform_role())
        .text("owners", layout.tenant_owners_role())
        .text("app_role", layout.app_role())
        .text("shared_group", layout.group_role(Isolation::Shared))
        .text("schema_group", layout.group_role(Isolation::Schema))
        .text("database_group", layout.group_role(Isolation::Database))
        .text("group", layout.group_role(kind.isolation()))
        .text("schema", kind.schema())
        .text("current_tenant", key.current_tenant_call())
        .raw("key_type", key.sql())
        .raw("key_expression", key_expression(layout, key)?);
    let mut script = render(SCHEMAS, &values)?;
    script.push_str(&render(FUNCTIONS, &values)?);
    script.push_str(&render(
        match kind {
            DatabaseKind::Data => TEMPLATE_SCHEMA,
            DatabaseKind::Template => OWN_GRANTS,
        },
        &values,
    )?);
    if kind == DatabaseKind::Data {
        script.push_str(&render(SHARED_GUARD, &values)?);
    }
    Ok(script)
}

/// What `tenantry.current_tenant_key()` returns.
fn key_expression(layout: &Layout, key: TenantKeyType) -> Result<String> {
    if key == TenantKeyType::Uuid {
        return Ok("tenantry.current_tenant()".to_owned());
    }
    let values = Values::default().text("app_role", layout.app_role()).raw("key_type", key.sql());
    render(include_str!("bootstrap/integer_key.sql"), &values)
}
