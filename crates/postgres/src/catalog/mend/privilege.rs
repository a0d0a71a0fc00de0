//! Owners and privileges.

use super::Step;
use super::plan::Plan;
use crate::catalog::inspect::{Held, OWNER, READER};
use crate::catalog::kind::ObjectKind;
use crate::catalog::{Catalog, Object};
use crate::ident::quote_ident;

/// Whom the placeholders stand for.
pub(super) struct Names<'a> {
    /// Quoted.
    pub schema: &'a str,
    pub owner: &'a str,
    pub reader: &'a str,
}

/// What gives objects that stay their owner and privileges; those that are made get them by themselves.
pub(super) fn steps(expected: &Catalog, found: &Catalog, plan: &Plan<'_>, names: &Names<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for object in found.objects.iter().filter(|o| o.kind == ObjectKind::Rights) {
        let Some(had) = held(object) else { continue };
        if had.owner != OWNER && had.word != "COLUMN" {
            steps.push(Step::new(format!("ALTER {} OWNER TO {}", on(had, names), quote_ident(names.owner))));
        }
        let parent = object.script.as_ref().and_then(|s| s.parent.as_ref());
        if parent.is_some_and(|p| plan.dropped.contains(p) || plan.implied.contains(p)) {
            continue;
        }
        let wanted = expected.objects.iter().find(|o| o.kind == ObjectKind::Rights && o.name == object.name);
        match wanted.and_then(held) {
            Some(wanted) => steps.extend(grants(wanted, had, names)),
            // Granted on a column, or on what the template does not have but a variation does not name.
            None if had.word == "COLUMN" => steps.extend(grants(&Held::default(), had, names)),
            None => {}
        }
    }
    steps
}

fn held(object: &Object) -> Option<&Held> {
    object.script.as_ref()?.rights.as_ref()
}

/// `TABLE orders`, `SCHEMA "tenant_..."`: as `ALTER` and `GRANT` name it.
fn on(held: &Held, names: &Names<'_>) -> String {
    match &held.name {
        // The platform's search path leads nowhere near the tenant's objects.
        Some(name) => format!("{} {}.{name}", held.word, names.schema),
        None => format!("{} {}", held.word, names.schema),
    }
}

fn grants(wanted: &Held, had: &Held, names: &Names<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (grantee, privileges) in &had.grants {
        if wanted.grants.get(grantee) != Some(privileges) {
            let plain = privileges.replace(" WITH GRANT OPTION", "");
            steps.push(Step::new(format!(
                "REVOKE {} FROM {} CASCADE",
                privileges_on(had, &plain, names),
                role(grantee, names)
            )));
        }
    }
    for (grantee, privileges) in &wanted.grants {
        if had.grants.get(grantee) != Some(privileges) {
            let sql = privileges_on(wanted, privileges, names);
            steps.push(Step::new(format!("GRANT {sql} TO {}", role(grantee, names))));
        }
    }
    steps
}

fn role(grantee: &str, names: &Names<'_>) -> String {
    match grantee {
        OWNER => quote_ident(names.owner),
        READER => quote_ident(names.reader),
        "PUBLIC" => "PUBLIC".to_owned(),
        _ => quote_ident(grantee),
    }
}

/// `SELECT, INSERT ON TABLE x.orders`, with the column in its place where it is one's privilege.
fn privileges_on(held: &Held, privileges: &str, names: &Names<'_>) -> String {
    let name = held.name.as_deref().unwrap_or_default();
    match held.word.as_str() {
        "COLUMN" => {
            let (table, column) = split(name);
            let each: Vec<String> = privileges.split(", ").map(|p| format!("{p} ({column})")).collect();
            format!("{} ON {}.{table}", each.join(", "), names.schema)
        }
        "VIEW" | "MATERIALIZED VIEW" | "TABLE" | "FOREIGN TABLE" => {
            format!("{privileges} ON {}.{name}", names.schema)
        }
        "AGGREGATE" => format!("{privileges} ON FUNCTION {}.{name}", names.schema),
        _ => format!("{privileges} ON {}", on(held, names)),
    }
}

/// The table and the column of `a.b`, either of which may be quoted.
fn split(name: &str) -> (&str, &str) {
    let end = match name.strip_prefix('"') {
        Some(rest) => rest.replace("\"\"", "xx").find('"').map_or(name.len(), |at| at + 2),
        None => name.find('.').unwrap_or(name.len()),
    };
    (&name[..end], name.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns() {
        assert_eq!(split("orders.note"), ("orders", "note"));
        assert_eq!(split("\"a.b\".c"), ("\"a.b\"", "c"));
        assert_eq!(split("\"a\"\"b\".\"c.d\""), ("\"a\"\"b\"", "\"c.d\""));
    }
}
