//! Actions of foreign keys that meet triggers of the app.
//!
//! PostgreSQL runs an action (ON DELETE CASCADE, SET NULL, ...) as the owner of the table and past row-level security, forced or
//! not. What the app hangs into that statement runs so too: a BEFORE trigger would read and change every tenant's rows. So a
//! trigger on the table referred to does the action first, under row-level security (`tenantry.cascade`), and one on the
//! table that refers keeps the server from doing again what is done (`tenantry.cascaded`). The foreign key stays as it is.

use std::collections::BTreeMap;

use super::{Work, match_full, once};
use crate::catalog::{Action, Actions, Catalog, Constraint, ConstraintKind, Table, Trigger};
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER};
use crate::names;
use crate::refuse::Refuse;

/// The guards of a table: what makes each, by name.
pub(super) type Guarded = BTreeMap<String, String>;
/// Tables with their guards.
pub(super) type Guards = BTreeMap<String, Guarded>;

/// Brings the guards to what tables, foreign keys and triggers are now.
pub(super) fn settle(work: &mut Work<'_>) -> Result<Vec<Emitted>, Refuse> {
    let wanted = wanted(work)?;
    let mut out = Vec::new();
    for table in work.catalog.tables.values_mut() {
        let wanted = wanted.get(&table.name).cloned().unwrap_or_default();
        if table.guards == wanted {
            continue;
        }
        let quoted = ident::quote(&table.name);
        for (name, _) in table.guards.iter().filter(|(name, made)| wanted.get(*name) != Some(made)) {
            // A column that goes with CASCADE has taken along what its changes fire.
            out.push(once(format!("DROP TRIGGER IF EXISTS {} ON {quoted}", ident::quote(name)))?);
        }
        for (name, make) in wanted.iter().filter(|(name, make)| table.guards.get(*name) != Some(make)) {
            out.push(once(format!("CREATE TRIGGER {} {make}", ident::quote(name)))?);
        }
        table.guards = wanted;
    }
    Ok(out)
}

/// Takes away what stands in the way of another type or the end of a column: a trigger whose condition names it. If it is
/// wanted still, it comes back behind the statement.
pub(super) fn make_way(work: &mut Work<'_>, table: &str, column: &str) -> Result<Vec<Emitted>, Refuse> {
    let Some(t) = work.catalog.tables.get_mut(table) else { return Ok(Vec::new()) };
    let column = ident::quote(column);
    let named = ["old.{},", "old.{})", "new.{},", "new.{})"].map(|n| n.replace("{}", &column));
    let all = std::mem::take(&mut t.guards);
    let (away, stay): (Guarded, Guarded) =
        all.into_iter().partition(|(_, make)| named.iter().any(|n| make.contains(n)));
    t.guards = stay;
    let drop =
        |name: &String| once(format!("DROP TRIGGER {} ON {}", ident::quote(name), ident::quote(table)));
    away.keys().map(drop).collect()
}

fn wanted(work: &Work<'_>) -> Result<Guards, Refuse> {
    let mut guards = match_full::guards(work.catalog);
    let catalog = &*work.catalog;
    for holder in catalog.tables.values().filter(|t| !t.global) {
        let keys = holder.constraints.iter().filter(|c| c.of_parent.is_none());
        for (key, target, columns, actions) in keys.filter_map(foreign) {
            let Some(met) = met(catalog, holder, actions) else { continue };
            check(work, (holder, &key.name), target, met)?;
            guard(work, &mut guards, (holder, &key.name), (target, columns, actions));
        }
    }
    Ok(guards)
}

/// A foreign key with actions: where it leads, to which columns, and what it does.
fn foreign(c: &Constraint) -> Option<(&Constraint, &str, &[String], Actions)> {
    match &c.kind {
        ConstraintKind::Foreign { table, columns, actions, .. } if *actions != Actions::default() => {
            Some((c, table.as_str(), columns.as_slice(), *actions))
        }
        _ => None,
    }
}

/// What runs inside of an action on this table, if anything does: the one that can't be guarded, if there is one.
fn met<'c>(catalog: &'c Catalog, holder: &'c Table, actions: Actions) -> Option<&'c Trigger> {
    let fires = |t: &Trigger| {
        [actions.on_delete, actions.on_update].into_iter().flatten().any(|action| match action {
            Action::Deleted => t.on_delete,
            Action::Updated => t.on_update,
        })
    };
    let mut top = holder.name.as_str();
    while let Some(parent) = catalog.tables.get(top).and_then(|t| t.parent.as_deref()) {
        top = parent;
    }
    let mut tables = vec![top.to_owned()];
    let mut at = 0;
    while let Some(table) = tables.get(at) {
        let partitions = catalog.partitions(table);
        tables.extend(partitions);
        at += 1;
    }
    let tables = tables.iter().filter_map(|name| catalog.tables.get(name));
    let inside: Vec<&Trigger> =
        tables.flat_map(|t| t.triggers.iter().chain(&t.rules)).filter(|t| t.is_inside && fires(t)).collect();
    inside.iter().find(|t| !t.of_rows).or(inside.first()).copied()
}

/// Refuses what no guard helps with.
fn check(work: &Work<'_>, (table, key): (&Table, &str), target: &str, met: &Trigger) -> Result<(), Refuse> {
    let (name, of_rows, met) = (&table.name, met.of_rows, &met.name);
    let action = format!("the action of the foreign key {key} of {name}");
    if !of_rows {
        return Err(Refuse::shared(
            format!(
                "{met} of {name} would run inside of {action}, which PostgreSQL runs past row-level security"
            ),
            "make it a trigger FOR EACH ROW, or the foreign key NO ACTION",
        ));
    }
    if work.is_global(target) {
        return Err(Refuse::shared(
            format!(
                "{action} comes from the global table {target}, and would run the trigger {met} for rows of every tenant"
            ),
            "make the foreign key NO ACTION, and the trigger's work a statement of the migration that deletes",
        ));
    }
    if table.security.forced {
        return Err(Refuse::shared(
            format!("{action} runs the trigger {met}, and the forced policies of {name} would hold it back"),
            format!("leave FORCE ROW LEVEL SECURITY of {name} out, or make the foreign key NO ACTION"),
        ));
    }
    Ok(())
}

fn guard(
    work: &Work<'_>,
    guards: &mut Guards,
    (holder, key): (&Table, &str),
    (target, columns, actions): (&str, &[String], Actions),
) {
    let clip = |name: String| names::clip(&name, names::NAME_BYTES_MAX).to_owned();
    let mut add = |table: &str, name: String, make: String| {
        guards.entry(table.to_owned()).or_default().insert(clip(name), make);
    };
    let quoted = ident::quote(target);
    if actions.on_delete.is_some() {
        let make = format!("AFTER DELETE ON {quoted} FOR EACH ROW EXECUTE FUNCTION tenantry.cascade()");
        add(target, "!tenantry_cascade".to_owned(), make);
    }
    if actions.on_update.is_some() {
        let columns = work.prefixed(columns);
        let row = |of: &str| {
            let values: Vec<String> = columns.iter().map(|c| format!("{of}.{}", ident::quote(c))).collect();
            format!("({})", values.join(", "))
        };
        let make = format!(
            "AFTER UPDATE ON {quoted} FOR EACH ROW WHEN ({} IS DISTINCT FROM {}) EXECUTE FUNCTION tenantry.cascade()",
            row("old"),
            row("new")
        );
        add(target, format!("!tenantry_cascade_{key}"), make);
    }
    let own = ident::quote(&holder.name);
    let regclass = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{own}"));
    let make = format!(
        "BEFORE DELETE OR UPDATE ON {own} FOR EACH ROW WHEN (NOT pg_catalog.row_security_active({regclass}::regclass)) \
         EXECUTE FUNCTION tenantry.cascaded()"
    );
    add(&holder.name, format!("!tenantry_cascaded_{}", holder.name), make);
}
