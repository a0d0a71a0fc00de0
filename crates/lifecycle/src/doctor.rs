//! `doctor`: proves from the catalog that tenants are kept apart, and tries real attacks.
//!
//! Each check is one SQL file named after its finding: it returns the objects that endanger tenants and the SQL that
//! mends each. [`checks`] lists them with the danger in words; [`attack`] tries what a catalog can't show.

pub mod attack;
mod checks;

use std::collections::BTreeSet;

use serde::Serialize;
use tenantry_domain::{Isolation, Layout, Result, TenantKeyType};
use tenantry_postgres::bootstrap::DatabaseKind;
use tenantry_postgres::error::db_error;
use tenantry_postgres::harden;
use tenantry_postgres::ident::quote_literal;
use tenantry_postgres::sql::{Values, render};
use tokio_postgres::Client;

use checks::{Check, DATABASE_CHECKS, SERVER_CHECKS, SHARED_CHECKS};

/// Something that endangers a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name of the kind of finding.
    pub code: &'static str,
    /// What it is about.
    pub object: String,
    /// What can happen.
    pub danger: String,
    /// The SQL that mends it, for a superuser connected to [`Finding::database`].
    pub mend: String,
    /// Where it was found; empty for what concerns the whole server.
    pub database: String,
}

/// What the checks compare with.
#[derive(Clone, Debug)]
pub struct DoctorContext {
    /// The app's names.
    pub layout: Layout,
    /// Data database, or template and databases of tenants.
    pub kind: DatabaseKind,
    /// The tenant column of shared tables.
    pub tenant_column: String,
    /// Its type.
    pub tenant_key: TenantKeyType,
    /// Whether tenants may create objects of their own in schema and database isolation.
    pub tenant_ddl: bool,
    /// Tables that belong to no tenant.
    pub global_tables: BTreeSet<String>,
    /// What a login without a `CONNECTION LIMIT` is to get.
    pub tenant_connections_max: u32,
}

/// Checks the database that `client` (a superuser) is connected to. Only reads.
///
/// # Errors
/// As [`db_error`].
pub async fn check_database(client: &Client, context: &DoctorContext) -> Result<Vec<Finding>> {
    let database: String = client
        .query_one("SELECT current_database()::text", &[])
        .await
        .map_err(|e| db_error(e, "check the database"))?
        .get(0);
    begin(client).await?;
    let found = database_findings(client, context, &database).await;
    end(client).await?;
    found
}

async fn database_findings(client: &Client, context: &DoctorContext, database: &str) -> Result<Vec<Finding>> {
    let values = context.values()?;
    let shared = if context.kind == DatabaseKind::Data { SHARED_CHECKS } else { &[] };
    let mut found = run(client, DATABASE_CHECKS, &values, database).await?;
    found.extend(run(client, shared, &values, database).await?);
    for rule in harden::rules(&context.layout, context.kind, context.tenant_ddl)? {
        let open = client.query(&rule.check_sql, &[]).await.map_err(|e| db_error(e, rule.name))?;
        found.extend(open.iter().map(|row| Finding {
            code: "hardening",
            object: format!("{}: {}", rule.name, row.get::<_, String>(0)),
            danger: rule.danger.to_owned(),
            mend: rule.apply_sql.trim_end().to_owned(),
            database: database.to_owned(),
        }));
    }
    Ok(found)
}

/// Checks what concerns a whole server: the roles of the app, settings, the databases that everyone may connect to. Any
/// database of the server will do for `client` (a superuser).
///
/// # Errors
/// As [`db_error`].
pub async fn check_server(client: &Client, context: &DoctorContext) -> Result<Vec<Finding>> {
    let values = context.values()?;
    begin(client).await?;
    let found = run(client, SERVER_CHECKS, &values, "").await;
    end(client).await?;
    let mut found = found?;
    found.extend(harden::server::check_server(client).await?.into_iter().map(|o| Finding {
        code: "server",
        object: o.object,
        danger: o.danger.to_owned(),
        mend: o.mend,
        database: String::new(),
    }));
    Ok(found)
}

/// One snapshot for all checks, names that are found nowhere by chance, nothing written. Catalogs are small and their
/// estimates coarse: compiling a query costs more than running it.
async fn begin(client: &Client) -> Result<()> {
    client
        .batch_execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off")
        .await
        .map_err(|e| db_error(e, "begin to check"))
}

/// Ends the transaction, failed or not: the connection is the caller's.
async fn end(client: &Client) -> Result<()> {
    client.batch_execute("ROLLBACK").await.map_err(|e| db_error(e, "end the checks"))
}

async fn run(client: &Client, checks: &[Check], values: &Values, database: &str) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for check in checks {
        let sql = render(check.sql, values)?;
        let rows = client.query(&sql, &[]).await.map_err(|e| db_error(e, check.code))?;
        found.extend(rows.iter().map(|row| Finding {
            code: check.code,
            object: row.get(0),
            danger: check.danger.to_owned(),
            mend: row.get(1),
            database: database.to_owned(),
        }));
    }
    Ok(found)
}

impl DoctorContext {
    /// What the variables of the checks stand for.
    fn values(&self) -> Result<Values> {
        let layout = &self.layout;
        let groups: Vec<String> =
            Isolation::ALL.map(|i| layout.group_role(i)).into_iter().chain([layout.app_role()]).collect();
        let mut roles = groups.clone();
        roles.extend([layout.owner_role(), layout.platform_role(), layout.tenant_owners_role()]);
        let schemas = [self.kind.schema(), "global", "template"].map(str::to_owned);
        let globals: Vec<String> = self.global_tables.iter().cloned().collect();
        let flag = |on: bool| if on { "true" } else { "false" };
        let values = Values::default()
            .text("schema", self.kind.schema())
            .text("column", self.tenant_column.clone())
            .text("current_tenant", self.tenant_key.current_tenant_call())
            .raw("key_type", self.tenant_key.sql())
            .text("owner", layout.owner_role())
            .text("owners", layout.tenant_owners_role())
            .text("platform", layout.platform_role())
            .text("app_role", layout.app_role())
            .raw("groups", text_array(&groups))
            .raw("roles", text_array(&roles))
            .raw("schemas", text_array(&schemas))
            .raw("global_tables", text_array(&globals))
            .raw("tenant_ddl", flag(self.tenant_ddl))
            .raw("own_database", flag(self.kind == DatabaseKind::Template))
            .raw("connections", self.tenant_connections_max.to_string());
        let tenants = render(include_str!("doctor/server/tenants.sql"), &values)?;
        Ok(values.raw("tenants", tenants))
    }
}

fn text_array(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|i| quote_literal(i)).collect();
    format!("ARRAY[{}]::text[]", quoted.join(", "))
}
