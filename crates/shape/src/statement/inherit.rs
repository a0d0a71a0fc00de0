//! INHERITS. A child has its parents' tenant column, behind columns of its own, and row-level security of its own.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableType, CreateStmt};

use super::{Work, once};
use crate::ast;
use crate::catalog::{Column, Constraint, ConstraintKind, Table};
use crate::ident;
use crate::model::Emitted;
use crate::refuse::Refuse;

/// What a child takes from its parents, beside the columns.
const TAKEN: &str =
    "INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE";

/// Tables that stand in for the parents while a child is made, so that its tenant column comes last, as in every table.
///
/// The server puts a parent's columns before a child's own, and `INSERT INTO child VALUES (...)` would write into the
/// tenant column. A child of stand-ins without it gets its own; then the parents take the stand-ins' place, by which the
/// other columns stay inherited and not the child's own (`DROP COLUMN` of the parent's reaches them).
#[derive(Default)]
pub(super) struct StandIns {
    parents: Vec<String>,
}

impl StandIns {
    /// Stand-ins for the parents of a table that is known by now; none where the order is right without.
    pub fn of(work: &Work<'_>, table: &Table) -> Result<Self, Refuse> {
        let tenant = &work.options.tenant_column;
        let [first, ..] = table.inherits.as_slice() else { return Ok(Self::default()) };
        let as_parent = table.columns.len() == work.table(first)?.columns.len();
        if as_parent || table.temporary || table.column(tenant).is_some() {
            return Ok(Self::default());
        }
        Ok(Self { parents: table.inherits.clone() })
    }

    /// Whether the tenant column comes from the parents all the same.
    pub fn are_none(&self) -> bool {
        self.parents.is_empty()
    }

    /// Makes them, and the new table inherit from them.
    pub fn make(&self, work: &Work<'_>, stmt: &mut CreateStmt) -> Result<Vec<Emitted>, Refuse> {
        let mut out = Vec::new();
        for (place, parent) in self.parents.iter().enumerate() {
            let (name, parent) = (ident::quote(&name(place)), ident::quote(parent));
            out.push(once(format!("CREATE TABLE {name} (LIKE {parent} {TAKEN})"))?);
            let tenant = ident::quote(&work.options.tenant_column);
            out.push(once(format!("ALTER TABLE {name} DROP COLUMN {tenant}"))?);
            if let Some(NodeEnum::RangeVar(relation)) =
                stmt.inh_relations.get_mut(place).and_then(|n| n.node.as_mut())
            {
                relation.relname = self::name(place);
            }
        }
        Ok(out)
    }

    /// Puts the parents in their place.
    pub fn replace(&self, table: &str) -> Result<Vec<Emitted>, Refuse> {
        let mut out = Vec::new();
        for (place, parent) in self.parents.iter().enumerate() {
            let (table, parent, name) =
                (ident::quote(table), ident::quote(parent), ident::quote(&name(place)));
            out.push(once(format!("ALTER TABLE {table} INHERIT {parent}, NO INHERIT {name}"))?);
            out.push(once(format!("DROP TABLE {name}"))?);
        }
        Ok(out)
    }
}

fn name(place: usize) -> String {
    format!("!tenantry_parent_{}", place + 1)
}

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
