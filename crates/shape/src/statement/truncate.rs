//! TRUNCATE: it ignores row-level security and would empty everybody's rows, so it becomes DELETE per tenant.

use pg_query::protobuf::{DropBehavior, TruncateStmt};

use super::{Output, Work, once, per_tenant, rls};
use crate::ast;
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER};
use crate::refuse::Refuse;

/// Carries a TRUNCATE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &TruncateStmt) -> Result<Output, Refuse> {
    let mut tables = Vec::new();
    for relation in &stmt.relations {
        tables.push(work.own_object(&ast::qualified_name(relation))?);
    }
    let global = tables.iter().filter(|t| work.is_global(t)).count();
    if global == tables.len() {
        return Ok(work.as_written(true));
    }
    if global > 0 {
        return Err(Refuse::all(
            "TRUNCATE names global tables and tenants' tables",
            "write one statement for each kind",
        ));
    }
    let named = tables.clone();
    if stmt.behavior() == DropBehavior::DropCascade {
        follow(work, &mut tables);
        refuse_global(work, &tables)?;
        let unnamed: Vec<&str> = tables.iter().filter(|t| !named.contains(t)).map(String::as_str).collect();
        if !unnamed.is_empty() {
            work.notes.push(format!("TRUNCATE ... CASCADE empties {} as well", unnamed.join(", ")));
        }
    }
    for table in &tables {
        check(work, table, &tables)?;
    }
    let deletions = deletions(work, &tables)?;
    let mut shared = rls::as_owner(work, &tables, silenced(work, &tables, deletions)?)?;
    if stmt.restart_seqs {
        for table in &tables {
            shared.extend(restart(work, table)?);
        }
    }
    Ok(Output { shared, plain: vec![work.plain_text(false)] })
}

/// Adds what refers to these tables, and what refers to that.
fn follow(work: &Work<'_>, tables: &mut Vec<String>) {
    let mut at = 0;
    while let Some(table) = tables.get(at).cloned() {
        let members = work.catalog.family(&table).into_iter();
        for other in members.flat_map(|member| work.catalog.referenced_by(&member)) {
            if !tables.contains(&other) {
                tables.push(other);
            }
        }
        at += 1;
    }
}

fn refuse_global(work: &Work<'_>, tables: &[String]) -> Result<(), Refuse> {
    match tables.iter().find(|t| work.is_global(t)) {
        Some(global) => Err(Refuse::all(
            format!("TRUNCATE would empty the global table {global}"),
            "name the tables of the tenants alone",
        )),
        None => Ok(()),
    }
}

fn check(work: &Work<'_>, table: &str, all: &[String]) -> Result<(), Refuse> {
    work.table(table)?;
    if let Some(other) = work.catalog.referenced_by(table).into_iter().find(|o| !all.contains(o)) {
        return Err(Refuse::all(
            format!("TRUNCATE {table}: the foreign key of {other} refers to it, and the server refuses that"),
            format!("name {other} too, or use DELETE"),
        ));
    }
    Ok(())
}

/// One DELETE for each table; where they refer to each other in a ring, one statement for all, since keys are checked
/// at its end.
fn deletions(work: &Work<'_>, tables: &[String]) -> Result<Vec<Emitted>, Refuse> {
    let Some(ordered) = in_deletion_order(work, tables) else {
        let (last, others) = tables.split_last().map(|(l, o)| (l.as_str(), o)).unwrap_or_default();
        let parts: Vec<String> = others
            .iter()
            .enumerate()
            .map(|(i, t)| format!("tenantry_deleted_{i} AS (DELETE FROM {})", ident::quote(t)))
            .collect();
        let with = parts.join(", ");
        return Ok(vec![per_tenant(format!("WITH {with} DELETE FROM {}", ident::quote(last)))?]);
    };
    ordered.iter().map(|table| per_tenant(format!("DELETE FROM {}", ident::quote(table)))).collect()
}

/// TRUNCATE fires no triggers on DELETE, and no rule stands in for it.
fn silenced(work: &Work<'_>, tables: &[String], deletions: Vec<Emitted>) -> Result<Vec<Emitted>, Refuse> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for member in tables.iter().flat_map(|t| work.catalog.family(t)) {
        super::trigger::check_truncate(work, &member)?;
        let table = work.table(&member)?;
        let triggers = table.triggers.iter().map(|t| ("TRIGGER", t));
        for (kind, one) in triggers.chain(table.rules.iter().map(|r| ("RULE", r))) {
            if one.on_delete && !one.disabled {
                let (t, name) = (ident::quote(&member), ident::quote(&one.name));
                before.push(once(format!("ALTER TABLE {t} DISABLE {kind} {name}"))?);
                after.push(once(format!("ALTER TABLE {t} ENABLE {kind} {name}"))?);
            }
        }
    }
    Ok(before.into_iter().chain(deletions).chain(after).collect())
}

/// Tables that refer to others come first; none where they refer to each other in a ring.
fn in_deletion_order(work: &Work<'_>, tables: &[String]) -> Option<Vec<String>> {
    let mut left = tables.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free =
            left.iter().position(|t| !work.catalog.referenced_by(t).iter().any(|o| left.contains(o)))?;
        ordered.push(left.remove(free));
    }
    Some(ordered)
}

fn restart(work: &Work<'_>, table: &str) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::new();
    for (name, sequence) in &work.catalog.sequences {
        if sequence.owner.as_ref().is_some_and(|(t, _)| t == table) {
            let regclass = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(name)));
            out.push(per_tenant(format!(
                "SELECT tenantry.set_value({regclass}::regclass, {}, false)",
                sequence.start
            ))?);
        }
    }
    Ok(out)
}
