//! INHERITS. A child has its parents' tenant column by inheritance, and row-level security of its own.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableType, CreateStmt};

use super::Work;
use crate::ast;
use crate::catalog::{Column, Constraint, ConstraintKind, Table};
use crate::refuse::Refuse;

/// The tables that a new table inherits from.
pub(super) fn parents(work: &Work<'_>, stmt: &CreateStmt) -> Result<Vec<String>, Refuse> {
    let mut found = Vec::new();
    for relation in &stmt.inh_relations {
        let parent = work.own_object(&ast::qualified_name(relation))?;
        refuse_global(work, &parent)?;
        found.push(parent);
    }
    Ok(found)
}

fn refuse_global(work: &Work<'_>, parent: &str) -> Result<(), Refuse> {
    if work.table(parent)?.global {
        return Err(Refuse::all(
            format!("a table of the tenants' inherits from the global table {parent}"),
            "write its columns out",
        ));
    }
    Ok(())
}

/// Gives a new table its parents' columns and checks; keys are not inherited.
pub(super) fn take_from(work: &Work<'_>, table: &mut Table) -> Result<(), Refuse> {
    for parent in table.inherits.clone() {
        let parent = work.table(&parent)?;
        for column in &parent.columns {
            if table.column(&column.name).is_none() {
                table.columns.push(Column { identity: None, ..column.clone() });
            }
        }
        for check in checks(parent) {
            if table.constraint(&check.name).is_none() {
                table.constraints.push(check);
            }
        }
    }
    Ok(())
}

fn checks(parent: &Table) -> Vec<Constraint> {
    let inherited = parent.constraints.iter().filter(|c| c.kind == ConstraintKind::Check);
    inherited.map(|c| Constraint { of_parent: Some(c.name.clone()), ..c.clone() }).collect()
}

/// ALTER TABLE ... INHERIT and NO INHERIT.
pub(super) fn alter(work: &mut Work<'_>, table: &str, cmd: &AlterTableCmd) -> Result<(), Refuse> {
    let Some(NodeEnum::RangeVar(parent)) = cmd.def.as_ref().and_then(|d| d.node.as_ref()) else {
        return Err(Refuse::all("INHERIT names no table", "name the parent"));
    };
    let parent = work.own_name(Some(parent))?;
    refuse_global(work, &parent)?;
    let adds = cmd.subtype() == AlterTableType::AtAddInherit;
    let names: Vec<String> = checks(work.table(&parent)?).into_iter().map(|c| c.name).collect();
    let Some(t) = work.catalog.tables.get_mut(table) else { return Ok(()) };
    t.inherits.retain(|p| p != &parent);
    if adds {
        t.inherits.push(parent);
    }
    for c in t.constraints.iter_mut().filter(|c| names.contains(&c.name)) {
        c.of_parent = adds.then(|| c.name.clone());
    }
    Ok(())
}
