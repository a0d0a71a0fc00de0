//! Closing what PostgreSQL leaves open to every role: in each database that tenants reach.
//!
//! The hardening is a list of [`HardeningRule`]s, grouped by concern: [`functions`], [`relations`], and the privileges
//! below. Each line knows how to apply itself, how to find what is open against it, and (for tests) how to be undone;
//! `doctor` runs the checks, [`harden`] the rest. Databases cloned from a hardened template are hardened, except for
//! privileges on the database itself, which `CREATE DATABASE` does not copy.

mod functions;
mod relations;
mod rule;
pub mod server;

use tenantry_domain::{Isolation, Layout, Result};
use tokio_postgres::Client;

use crate::bootstrap::DatabaseKind;
use crate::error::db_error;
use crate::ident::{quote_ident, quote_literal};
use crate::sql::{Values, render};

pub use rule::HardeningRule;
use rule::{Given, Subject};

const CHECK: &str = include_str!("harden/check.sql");
const APPLY: &str = include_str!("harden/apply.sql");
const UNDO: &str = include_str!("harden/undo.sql");

/// Hardens the database that `client` (a superuser) is connected to, in one transaction. Idempotent; a privilege that an
/// earlier run gave and this one no longer does (`tenant_ddl` switched off) is taken back.
///
/// # Errors
/// As [`db_error`].
pub async fn harden(client: &Client, layout: &Layout, kind: DatabaseKind, tenant_ddl: bool) -> Result<()> {
    // The catalogs' estimates are coarse: compiling the queries would cost more than running them.
    let mut script = "BEGIN;\nSET LOCAL jit = off;\n".to_owned();
    for rule in rules(layout, kind, tenant_ddl)? {
        script.push_str(&rule.apply_sql);
    }
    script.push_str("COMMIT;");
    if let Err(e) = client.batch_execute(&script).await {
        // The connection is the caller's: leave it usable. What failed is the error worth telling.
        let _ = client.batch_execute("ROLLBACK").await;
        return Err(db_error(e, "harden the database"));
    }
    Ok(())
}

/// Every line of the hardening for a database of this kind.
///
/// # Errors
/// `internal` when a template of this crate is wrong.
pub fn rules(layout: &Layout, kind: DatabaseKind, tenant_ddl: bool) -> Result<Vec<HardeningRule>> {
    let subject = Subject { layout, kind, tenant_ddl };
    let mut all = Vec::new();
    for f in functions::FUNCTIONS {
        let objects = by_pattern(include_str!("harden/objects/functions.sql"), f.patterns)?;
        let closes = Closes { objects, privilege: "EXECUTE", given: Some(f.given) };
        all.push(closes.rule(&subject, f.name, f.danger)?);
    }
    for r in relations::RELATIONS {
        let objects = by_pattern(include_str!("harden/objects/relations.sql"), r.patterns)?;
        let closes = Closes { objects, privilege: "SELECT", given: Some(r.given) };
        all.push(closes.rule(&subject, r.name, r.danger)?);
    }
    for c in relations::COLUMNS {
        all.push(columns(c)?);
    }
    for (name, danger, closes) in privileges() {
        all.push(closes.rule(&subject, name, danger)?);
    }
    all.push(default_privileges(layout)?);
    Ok(all)
}

/// What a rule takes from everyone.
struct Closes {
    /// The query of the objects: kind, name, owner, acl.
    objects: String,
    privilege: &'static str,
    /// Who gets it back; `None`: the rule is about `PUBLIC` alone and leaves other grants to those who make them.
    given: Option<Given>,
}

impl Closes {
    fn rule(self, subject: &Subject<'_>, name: &'static str, danger: &'static str) -> Result<HardeningRule> {
        let given = self.given.map(|g| subject.roles(g)).unwrap_or_default();
        let layout = subject.layout;
        let mut ours: Vec<String> = Isolation::ALL.map(|i| layout.group_role(i)).into();
        ours.extend([layout.app_role(), layout.owner_role(), layout.tenant_owners_role()]);
        let values = Values::default()
            .raw("objects", self.objects)
            .raw("privilege", self.privilege)
            .text("privilege_name", self.privilege)
            .raw("exact", if self.given.is_some() { "true" } else { "false" })
            .raw("given", text_array(&given))
            .raw("ours", text_array(&ours));
        Ok(HardeningRule {
            name,
            danger,
            apply_sql: render(APPLY, &values)?,
            check_sql: render(CHECK, &values)?,
            undo_sql: render(UNDO, &values)?,
        })
    }
}

/// Privileges on the database, its schema `public`, languages, and what extensions bring.
fn privileges() -> Vec<(&'static str, &'static str, Closes)> {
    let database = include_str!("harden/objects/database.sql");
    let closes = |objects: &str, privilege, given| Closes { objects: objects.to_owned(), privilege, given };
    vec![
        (
            "database_connect",
            "any role of the server can connect to the database",
            closes(database, "CONNECT", None),
        ),
        (
            "database_temporary",
            "temporary objects shadow names, fill the disk and the server's lock table",
            closes(database, "TEMPORARY", None),
        ),
        (
            "schema_public",
            "objects in schema public can be called or planted by everyone (CVE-2018-1058)",
            closes(include_str!("harden/objects/schema_public.sql"), "ALL", Some(Given::Nobody)),
        ),
        (
            "languages",
            "DO and CREATE FUNCTION run SQL that the gateway's parser can't see",
            closes(include_str!("harden/objects/languages.sql"), "USAGE", Some(Given::Ddl)),
        ),
        (
            "query_statistics",
            "pg_stat_statements shows how often others run which queries",
            closes(include_str!("harden/objects/query_statistics.sql"), "ALL", Some(Given::Monitors)),
        ),
    ]
}

fn columns(c: &relations::ColumnRule) -> Result<HardeningRule> {
    let open: Vec<String> = c.open.iter().map(|&n| n.to_owned()).collect();
    let list: Vec<String> = open.iter().map(|n| quote_ident(n)).collect();
    let values = Values::default()
        .text("relation", c.relation)
        .raw("open", list.join(", "))
        .raw("open_names", text_array(&open));
    Ok(HardeningRule {
        name: c.name,
        danger: c.danger,
        apply_sql: render(include_str!("harden/columns.apply.sql"), &values)?,
        check_sql: render(include_str!("harden/columns.check.sql"), &values)?,
        undo_sql: render(include_str!("harden/columns.undo.sql"), &values)?,
    })
}

/// PostgreSQL lets everyone call a new function: not those of the platform.
fn default_privileges(layout: &Layout) -> Result<HardeningRule> {
    let values = Values::default().text("platform", layout.platform_role());
    let sql = |template| render(template, &values);
    Ok(HardeningRule {
        name: "platform_functions",
        danger: "every tenant can call a function that the platform makes later",
        apply_sql: sql(
            "ALTER DEFAULT PRIVILEGES FOR ROLE :\"platform\" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n",
        )?,
        check_sql: sql(include_str!("harden/default_privileges.check.sql"))?,
        undo_sql: sql(
            "ALTER DEFAULT PRIVILEGES FOR ROLE :\"platform\" GRANT EXECUTE ON FUNCTIONS TO PUBLIC;\n",
        )?,
    })
}

fn by_pattern(template: &str, patterns: &[&str]) -> Result<String> {
    let names: Vec<String> = patterns.iter().map(|p| p.split('(').next().unwrap_or(p).to_owned()).collect();
    let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
    let values = Values::default().raw("patterns", text_array(&patterns)).raw("names", text_array(&names));
    render(template, &values)
}

fn text_array(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|i| quote_literal(i)).collect();
    format!("ARRAY[{}]::text[]", quoted.join(", "))
}
