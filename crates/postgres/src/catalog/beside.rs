//! What a database holds beside its schemas: extensions, and the privileges that objects made later get by themselves.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_domain::Result;
use tenantry_domain::layout::{DATABASE_SCHEMA, GLOBAL_SCHEMA};
use tokio_postgres::{GenericClient, Row};

use super::mend::Step;
use super::part::get;
use super::{Difference, ObjectKind};
use crate::error::db_error;
use crate::ident::{quote_ident, quote_literal};

pub(crate) const EXTENSIONS: &str = include_str!("beside/extensions.sql");
pub(crate) const DEFAULT_PRIVILEGES: &str = include_str!("beside/default_privileges.sql");
pub(crate) const BUILT_IN_PRIVILEGES: &str = include_str!("beside/built_in_privileges.sql");

const GRANT_OPTION: &str = " WITH GRANT OPTION";

/// Whose objects, in which schema (none: in any), of which kind (`pg_default_acl.defaclobjtype`).
type Scope = (String, Option<String>, String);
/// Privileges by grantee; none: PUBLIC.
type Grants = BTreeMap<Option<String>, String>;

/// What stands beside the schemas of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Schema and version by name, quoted.
    extensions: BTreeMap<String, (String, String)>,
    privileges: BTreeMap<Scope, Grants>,
    /// What holds where nothing was said.
    built_in: BTreeMap<Scope, Grants>,
}

/// Reads it. `roles`: those whose default privileges are compared, beside those that have any.
///
/// # Errors
/// What the server said.
pub async fn read(client: &impl GenericClient, roles: &[&str]) -> Result<Beside> {
    let doing = "read what stands beside the schemas";
    let mut beside = Beside::default();
    for row in client.query(EXTENSIONS, &[]).await.map_err(|e| db_error(e, doing))? {
        beside.extensions.insert(get(&row, "name")?, (get(&row, "schema")?, get(&row, "version")?));
    }
    for row in client.query(DEFAULT_PRIVILEGES, &[]).await.map_err(|e| db_error(e, doing))? {
        enter(&mut beside.privileges, &row)?;
    }
    let mut all: BTreeSet<&str> = beside.privileges.keys().map(|(role, _, _)| role.as_str()).collect();
    all.extend(roles);
    let all: Vec<&str> = all.into_iter().collect();
    for row in client.query(BUILT_IN_PRIVILEGES, &[&all]).await.map_err(|e| db_error(e, doing))? {
        enter(&mut beside.built_in, &row)?;
    }
    Ok(beside)
}

fn enter(all: &mut BTreeMap<Scope, Grants>, row: &Row) -> Result<()> {
    let grants = all.entry((get(row, "role")?, get(row, "schema")?, get(row, "kind")?)).or_default();
    if let Some(privileges) = get::<Option<String>>(row, "privileges")? {
        grants.insert(get(row, "grantee")?, privileges);
    }
    Ok(())
}

impl Beside {
    /// What the database of a tenant holds that was made from this one, the template: the same, and what
    /// `tenant/database_adopt.sql` says for the tenant's owner and the group that uses its tables.
    pub fn of_tenant(&self, owner: &str, group: &str) -> Self {
        let mut expected = self.clone();
        let mut say = |schema: Option<&str>, kind: &str, to: &str, privileges: &str| {
            let scope = (owner.to_owned(), schema.map(str::to_owned), kind.to_owned());
            let grants = Grants::from([(Some(to.to_owned()), privileges.to_owned())]);
            expected.privileges.insert(scope, grants);
        };
        say(None, "f", owner, "EXECUTE");
        say(Some(DATABASE_SCHEMA), "r", group, "DELETE, INSERT, SELECT, UPDATE");
        say(Some(DATABASE_SCHEMA), "S", group, "SELECT, UPDATE, USAGE");
        say(Some(DATABASE_SCHEMA), "f", group, "EXECUTE");
        say(Some(GLOBAL_SCHEMA), "r", group, "SELECT");
        expected
    }

    /// Without the default privileges of a role: those that a tenant's login sets for its own objects are its own business.
    pub fn without(mut self, role: &str) -> Self {
        self.privileges.retain(|(of, _, _), _| of != role);
        self
    }

    /// How a database differs from this one, and what mends that, with a superuser's rights.
    pub fn compare(&self, found: &Beside) -> (Vec<Difference>, Vec<Step>) {
        let (mut differences, mut steps) = (Vec::new(), Vec::new());
        self.compare_extensions(found, &mut differences, &mut steps);
        let scopes: BTreeSet<&Scope> = self.privileges.keys().chain(found.privileges.keys()).collect();
        for scope in scopes {
            let built_in = found.built_in.get(scope).or_else(|| self.built_in.get(scope));
            let wanted = self.privileges.get(scope).or(built_in).cloned().unwrap_or_default();
            let had = found.privileges.get(scope).or(built_in).cloned().unwrap_or_default();
            if wanted != had {
                let (kind, name) = (ObjectKind::DefaultPrivileges, words(scope));
                let (expected, found) = (said(&wanted), said(&had));
                differences.push(Difference::Changed { kind, name, expected, found });
                steps.extend(grants(scope, &wanted, &had));
            }
        }
        (differences, steps)
    }

    fn compare_extensions(&self, found: &Beside, differences: &mut Vec<Difference>, steps: &mut Vec<Step>) {
        let kind = ObjectKind::Extension;
        let text = |(schema, version): &(String, String)| format!("version {version} in schema {schema}");
        for (name, expected) in &self.extensions {
            let (schema, version) = expected;
            let Some(had) = found.extensions.get(name) else {
                let expected = text(expected);
                differences.push(Difference::Missing { kind, name: name.clone(), expected });
                let version = quote_literal(version);
                steps.push(Step::new(format!(
                    "CREATE EXTENSION {name} WITH SCHEMA {schema} VERSION {version} CASCADE"
                )));
                continue;
            };
            if had == expected {
                continue;
            }
            let (expected, found) = (text(expected), text(had));
            differences.push(Difference::Changed { kind, name: name.clone(), expected, found });
            if had.0 != *schema {
                steps.push(Step::new(format!("ALTER EXTENSION {name} SET SCHEMA {schema}")));
            }
            if had.1 != *version {
                let version = quote_literal(version);
                steps.push(Step::new(format!("ALTER EXTENSION {name} UPDATE TO {version}")));
            }
        }
        for (name, had) in found.extensions.iter().filter(|(name, _)| !self.extensions.contains_key(*name)) {
            differences.push(Difference::Extra { kind, name: name.clone(), found: text(had) });
            // It may have brought tables; what else needs it keeps it from being dropped.
            let loses = format!("extension {name} with what it holds");
            steps.push(Step::losing(format!("DROP EXTENSION {name}"), loses));
        }
    }
}

/// `TABLES of o_1 in schema app`.
fn words((role, schema, kind): &Scope) -> String {
    let place = schema.as_ref().map(|s| format!(" in schema {s}")).unwrap_or_default();
    format!("{} of {role}{place}", objects(kind))
}

/// The kind as `ALTER DEFAULT PRIVILEGES` names it.
fn objects(kind: &str) -> &'static str {
    match kind {
        "r" => "TABLES",
        "S" => "SEQUENCES",
        "f" => "FUNCTIONS",
        "T" => "TYPES",
        "L" => "LARGE OBJECTS",
        _ => "SCHEMAS",
    }
}

fn said(grants: &Grants) -> String {
    let each: Vec<String> = grants
        .iter()
        .map(|(grantee, privileges)| format!("{}: {privileges}", grantee.as_deref().unwrap_or("PUBLIC")))
        .collect();
    if each.is_empty() { "nothing".to_owned() } else { each.join("; ") }
}

fn grants(scope: &Scope, wanted: &Grants, had: &Grants) -> Vec<Step> {
    let (role, schema, kind) = scope;
    let place = schema.as_ref().map(|s| format!(" IN SCHEMA {}", quote_ident(s))).unwrap_or_default();
    let alter = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{place}", quote_ident(role));
    let whom = |grantee: &Option<String>| grantee.as_deref().map_or_else(|| "PUBLIC".to_owned(), quote_ident);
    let mut steps = Vec::new();
    for (grantee, privileges) in had {
        if wanted.get(grantee) != Some(privileges) {
            let from = whom(grantee);
            steps.push(Step::new(format!("{alter} REVOKE ALL ON {} FROM {from}", objects(kind))));
        }
    }
    for (grantee, privileges) in wanted {
        if had.get(grantee) != Some(privileges) {
            let to = whom(grantee);
            let (passed_on, plain): (Vec<&str>, Vec<&str>) =
                privileges.split(", ").partition(|p| p.ends_with(GRANT_OPTION));
            for (list, option) in [(plain, ""), (passed_on, GRANT_OPTION)] {
                if !list.is_empty() {
                    let list = list.join(", ").replace(GRANT_OPTION, "");
                    let on = objects(kind);
                    steps.push(Step::new(format!("{alter} GRANT {list} ON {on} TO {to}{option}")));
                }
            }
        }
    }
    steps
}
