//! TRUNCATE: it ignores row-level security and would empty everybody's rows, so it becomes DELETE per tenant.

use pg_query::protobuf::{DropBehavior, TruncateStmt};

use super::{Output, Work, per_tenant};
use crate::ast;
use crate::ident;
use crate::model::SCHEMA_PLACEHOLDER;
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
    if stmt.behavior() == DropBehavior::DropCascade {
        return Err(Refuse::shared(
            "TRUNCATE ... CASCADE empties tables that it does not name",
            "name every table",
        ));
    }
    for table in &tables {
        check(work, table, &tables)?;
    }
    let mut shared = Vec::new();
    for table in in_deletion_order(work, &tables) {
        shared.push(per_tenant(format!("DELETE FROM {}", ident::quote(&table)))?);
        if stmt.restart_seqs {
            shared.extend(restart(work, &table)?);
        }
    }
    Ok(Output { shared, plain: vec![work.plain_text(false)] })
}

fn check(work: &Work<'_>, table: &str, all: &[String]) -> Result<(), Refuse> {
    let t = work.table(table)?;
    if let Some(other) = work.catalog.referenced_by(table).into_iter().find(|o| !all.contains(o)) {
        return Err(Refuse::all(
            format!("TRUNCATE {table}: the foreign key of {other} refers to it, and the server refuses that"),
            format!("name {other} too, or use DELETE"),
        ));
    }
    if t.triggers.iter().any(|t| t.on_delete) {
        return Err(Refuse::shared(
            format!("TRUNCATE {table} would become a DELETE, which fires the table's triggers on DELETE"),
            "write DELETE, or disable the triggers around the statement",
        ));
    }
    Ok(())
}

/// Tables that refer to others come first.
fn in_deletion_order(work: &Work<'_>, tables: &[String]) -> Vec<String> {
    let mut left = tables.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = left
            .iter()
            .position(|t| !work.catalog.referenced_by(t).iter().any(|o| left.contains(o)))
            .unwrap_or(0);
        ordered.push(left.remove(free));
    }
    ordered
}

fn restart(work: &Work<'_>, table: &str) -> Result<Vec<crate::model::Emitted>, Refuse> {
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
