//! Live attacks between two throw-away tenants: what one must not do to the other, tried on the real server.
//!
//! Safe in production: each statement runs in a transaction that is rolled back, under short time limits, and touches no
//! row of a third tenant unless isolation is broken already. Each probe is one SQL file; the lists below say what must
//! come of it. The tests of this crate hold the long catalogue.

use tenantry_domain::{Isolation, Result, TenantId};
use tenantry_postgres::error::db_error;
use tenantry_postgres::sql::{Values, render};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::Finding;

/// One of the two tenants, logged in as itself.
pub struct TenantAccess<'a> {
    /// A connection as the tenant's own login, to its own data; outside a transaction.
    pub client: &'a Client,
    /// The tenant's id.
    pub id: TenantId,
    /// What stands in the tenant column of its rows.
    pub key: String,
    /// Its login.
    pub role: String,
    /// The schema of its tables.
    pub schema: String,
    /// The database of its tables.
    pub database: String,
}

/// What both have in common.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The isolation of both.
    pub isolation: Isolation,
    /// The tenant column of shared tables.
    pub tenant_column: String,
    /// The owner of the app's objects.
    pub app_owner: String,
    /// Whether tenants may create objects of their own.
    pub tenant_ddl: bool,
}

/// What must come of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// The server refuses it.
    Refused,
    /// The policy refuses it. Keys are checked after the policy: their refusal shows that the policy let it pass.
    RefusedByPolicy,
    /// It is refused, or yields nothing: the first value is 0, false or missing, and no row is touched.
    Nothing,
}

/// Refusals by what PostgreSQL checks after the policy.
const PAST_POLICY: &[SqlState] =
    &[SqlState::UNIQUE_VIOLATION, SqlState::NOT_NULL_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION];

struct Probe {
    name: &'static str,
    danger: &'static str,
    sql: &'static str,
    holds: Holds,
    isolations: &'static [Isolation],
}

const ALL: &[Isolation] = &Isolation::ALL;
const SHARED: &[Isolation] = &[Isolation::Shared];
const SCHEMA: &[Isolation] = &[Isolation::Schema];
const ONE_DATABASE: &[Isolation] = &[Isolation::Shared, Isolation::Schema];

macro_rules! probes {
    ($($name:literal, $isolations:ident, $holds:ident: $danger:literal;)*) => {
        &[$(Probe {
            name: $name,
            danger: $danger,
            sql: include_str!(concat!("attack/", $name, ".sql")),
            holds: Holds::$holds,
            isolations: $isolations,
        },)*]
    };
}

/// Tried on every table of the victim.
const ON_TABLES: &[Probe] = probes! {
    "read_rows", SHARED, Nothing: "a tenant reads or counts the rows of another";
    "change_rows", SHARED, Nothing: "a tenant changes the rows of another";
    "delete_rows", SHARED, Nothing: "a tenant deletes the rows of another";
    "plant_row", SHARED, RefusedByPolicy: "a tenant plants rows among those of another";
    "truncate_table", ONE_DATABASE, Refused: "a tenant empties the tables of all";
    "read_table", SCHEMA, Refused: "a tenant reads the tables of another";
    "change_table", SCHEMA, Refused: "a tenant changes the tables of another";
    "lock_table", SCHEMA, Refused: "a tenant blocks the tables of another";
};

/// Tried once.
const ONCE: &[Probe] = probes! {
    "become_victim", ALL, Refused: "a tenant becomes another";
    "authorize_as_victim", ALL, Refused: "a tenant becomes another";
    "become_owner", ALL, Refused: "a tenant becomes the owner of all tables";
    "name_the_victim", SHARED, Nothing: "a setting makes a tenant another";
    "advisory_lock", ALL, Refused: "a tenant blocks others through advisory locks";
    "statistics", ALL, Refused: "a tenant sees what others do";
    "sizes", ONE_DATABASE, Refused: "a tenant sees how much others store";
    "role_settings", ALL, Refused: "a tenant sees the settings of others";
    "large_object", ALL, Refused: "a tenant stores past every quota, in a space of all";
    "platform_tables", ALL, Refused: "a tenant sees Tenantry's own tables";
    "create_schema", ALL, Refused: "a tenant creates objects that are not its own";
    "create_role", ALL, Refused: "a tenant creates logins";
    "run_program", ALL, Refused: "a tenant runs programs as the server";
};

/// Where tenants may create nothing.
const WITHOUT_DDL: &[Probe] = probes! {
    "temporary_table", ALL, Refused: "a tenant shadows names and fills the server's lock table";
};

/// Tries everything, `a` against `b`. `intrusion` is what came of logging in as `a` at `b`'s database, where that is
/// another one. Nothing found: nothing worked.
///
/// # Errors
/// As [`db_error`], when a connection breaks: that is no proof of anything.
pub async fn attack(
    a: &TenantAccess<'_>,
    b: &TenantAccess<'_>,
    ground: &Ground,
    intrusion: Option<std::result::Result<Client, tokio_postgres::Error>>,
) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let base = Values::default()
        .text("victim_schema", b.schema.clone())
        .text("victim_role", b.role.clone())
        .text("victim_key", b.key.clone())
        .text("victim_id", b.id.to_string())
        .text("app_owner", ground.app_owner.clone())
        .text("tenant_column", ground.tenant_column.clone());
    let tables = tables(b).await?;
    let once = ONCE.iter().chain(if ground.tenant_ddl { &[] } else { WITHOUT_DDL });
    for probe in once.filter(|p| p.isolations.contains(&ground.isolation)) {
        if worked(a.client, probe, &base).await? {
            found.push(finding(a, b, probe.name, probe.danger, ""));
        }
    }
    for (table, column) in &tables {
        let values = base.clone().text("table", table.clone()).text("column", column.clone());
        for probe in ON_TABLES.iter().filter(|p| p.isolations.contains(&ground.isolation)) {
            if worked(a.client, probe, &values).await? {
                found.push(finding(a, b, probe.name, probe.danger, table));
            }
        }
        if blocks(a, b, table, column).await? {
            found.push(finding(a, b, "block_rows", "a tenant's changes make another wait", table));
        }
    }
    if let Some(Ok(_)) = intrusion {
        found.push(finding(a, b, "intrude", "a tenant logs in at the database of another", ""));
    }
    Ok(found)
}

fn finding(a: &TenantAccess<'_>, b: &TenantAccess<'_>, name: &str, danger: &str, table: &str) -> Finding {
    let place = if table.is_empty() { String::new() } else { format!(" on {}.{table}", b.schema) };
    Finding {
        code: "attack",
        object: format!("{name}{place}: {} against {}", a.role, b.role),
        danger: danger.to_owned(),
        mend: "-- the attack worked: run the SQL of the other findings, then doctor again".to_owned(),
        database: b.database.clone(),
    }
}

/// The tables of a tenant, as itself sees them.
async fn tables(of: &TenantAccess<'_>) -> Result<Vec<(String, String)>> {
    let rows = of
        .client
        .query(include_str!("attack/tables.sql"), &[&of.schema])
        .await
        .map_err(|e| db_error(e, "list the tables to attack"))?;
    Ok(rows.iter().filter_map(|r| Some((r.get(0), r.get::<_, Option<String>>(1)?))).collect())
}

/// Runs one probe and takes it back; whether the attack worked.
async fn worked(client: &Client, probe: &Probe, values: &Values) -> Result<bool> {
    let sql = render(probe.sql, values)?;
    begin(client).await?;
    let answer = client.simple_query(&sql).await;
    rollback(client).await?;
    match answer {
        Ok(messages) => Ok(probe.holds != Holds::Nothing || yields(&messages)),
        Err(e)
            if probe.holds == Holds::RefusedByPolicy && e.code().is_some_and(|c| PAST_POLICY.contains(c)) =>
        {
            Ok(true)
        }
        Err(e) if e.as_db_error().is_some() => Ok(false),
        Err(e) => Err(db_error(e, probe.name)),
    }
}

fn yields(messages: &[SimpleQueryMessage]) -> bool {
    let row = messages.iter().find_map(|m| match m {
        SimpleQueryMessage::Row(r) => Some(r.get(0).is_some_and(|v| !matches!(v, "0" | "f"))),
        _ => None,
    });
    row.unwrap_or_else(|| {
        messages.iter().any(|m| matches!(m, SimpleQueryMessage::CommandComplete(n) if *n > 0))
    })
}

/// Both change their own rows at one time: neither may wait for the other.
async fn blocks(a: &TenantAccess<'_>, b: &TenantAccess<'_>, table: &str, column: &str) -> Result<bool> {
    let touch = |t: &TenantAccess<'_>| {
        let values = Values::default()
            .text("victim_schema", t.schema.clone())
            .text("table", table)
            .text("column", column);
        render(include_str!("attack/change_table.sql"), &values)
    };
    let (first, second) = (touch(a)?, touch(b)?);
    begin(a.client).await?;
    begin(b.client).await?;
    // Refused or not, what counts is whether the second has to wait.
    let _ = a.client.simple_query(&first).await;
    let waited = b.client.simple_query(&second).await;
    rollback(b.client).await?;
    rollback(a.client).await?;
    Ok(waited.is_err_and(|e| e.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)))
}

async fn begin(client: &Client) -> Result<()> {
    client
        .batch_execute("BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '10s'")
        .await
        .map_err(|e| db_error(e, "begin an attack"))
}

async fn rollback(client: &Client) -> Result<()> {
    client.batch_execute("ROLLBACK").await.map_err(|e| db_error(e, "take an attack back"))
}
