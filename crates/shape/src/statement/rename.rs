//! RENAME: as written; the catalog follows.

use pg_query::NodeEnum;
use pg_query::protobuf::{ObjectType, RenameStmt};

use super::{Output, Work, identity};
use crate::ast;
use crate::catalog::ConstraintKind;
use crate::emit;
use crate::model::Scope;
use crate::refuse::Refuse;

/// Carries a RENAME.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    match stmt.rename_type() {
        ObjectType::ObjectTable
        | ObjectType::ObjectIndex
        | ObjectType::ObjectSequence
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview => relation(work, stmt),
        ObjectType::ObjectColumn => column(work, stmt),
        ObjectType::ObjectSchema => super::schema::rename(work, stmt),
        ObjectType::ObjectTabconstraint => constraint(work, stmt),
        ObjectType::ObjectRole => Ok(super::privilege::role(work, &stmt.subname, &[])),
        ObjectType::ObjectPolicy => super::policy::rename(work, stmt),
        ObjectType::ObjectType | ObjectType::ObjectDomain => {
            let name = object(work, stmt)?;
            if let Some(kind) = work.catalog.types.remove(&name) {
                work.catalog.types.insert(stmt.newname.clone(), kind);
            }
            for column in
                work.catalog.tables.values_mut().flat_map(|t| &mut t.columns).filter(|c| c.type_name == name)
            {
                column.type_name.clone_from(&stmt.newname);
            }
            Ok(work.as_written(false))
        }
        ObjectType::ObjectFunction | ObjectType::ObjectProcedure | ObjectType::ObjectRoutine => {
            let name = object(work, stmt)?;
            if let Some(routine) = work.catalog.functions.remove(&name) {
                work.catalog.functions.insert(stmt.newname.clone(), routine);
            }
            work.catalog.forget_bodies(&name);
            work.catalog.rename_function_in_policies(&name, &stmt.newname);
            Ok(work.as_written(false))
        }
        ObjectType::ObjectTrigger => {
            let table = work.own_name(stmt.relation.as_ref())?;
            if let Some(t) = work.catalog.tables.get_mut(&table) {
                for trigger in t.triggers.iter_mut().filter(|t| t.name == stmt.subname) {
                    trigger.name.clone_from(&stmt.newname);
                }
            }
            Ok(work.as_written(work.is_global(&table)))
        }
        ObjectType::ObjectCollation
        | ObjectType::ObjectTsconfiguration
        | ObjectType::ObjectTsdictionary
        | ObjectType::ObjectAggregate
        | ObjectType::ObjectAttribute
        | ObjectType::ObjectStatisticExt
        | ObjectType::ObjectDomconstraint => Ok(work.as_written(false)),
        other => Err(Refuse::all(
            format!(
                "RENAME of {} is not carried",
                other.as_str_name().trim_start_matches("OBJECT_").to_lowercase()
            ),
            "take the statement out",
        )),
    }
}

fn object(work: &Work<'_>, stmt: &RenameStmt) -> Result<String, Refuse> {
    work.own_object(&stmt.object.as_deref().map(ast::qualified_name).unwrap_or_default())
}

/// ALTER TABLE ... RENAME TO serves every kind of relation.
fn relation(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    let old = work.own_name(stmt.relation.as_ref())?;
    let new = &stmt.newname;
    let catalog = &mut *work.catalog;
    if let Some(table) = catalog.tables.get(&old) {
        let global = table.global;
        if global || work.options.global_tables.contains(new) {
            return Err(Refuse::all(
                format!("the global table {old} can't be renamed: [tables] global names it"),
                "keep the name, or make a new table and change the list with it",
            ));
        }
        let materialized = table.materialized;
        catalog.rename_table(&old, new);
        return if materialized { materialized_view(work, stmt, &old) } else { Ok(work.as_written(false)) };
    }
    if let Some(view) = catalog.views.remove(&old) {
        catalog.views.insert(new.clone(), view);
        catalog.rename_read(&old, new);
        return Ok(work.as_written(false));
    }
    if let Some(sequence) = catalog.sequences.remove(&old) {
        let global = sequence.global;
        catalog.sequences.insert(new.clone(), sequence);
        return Ok(work.as_written(global));
    }
    if let Some(table) = catalog.table_of_index(&old).map(str::to_owned) {
        let Some(t) = catalog.tables.get_mut(&table) else { return Err(Refuse::unknown(table)) };
        let global = t.global;
        for index in t.indexes.iter_mut().filter(|i| i.name == old) {
            index.name.clone_from(new);
        }
        catalog.rename_constraint(&table, &old, new);
        return Ok(work.as_written(global));
    }
    if stmt.missing_ok {
        return Ok(work.as_written(false));
    }
    Err(Refuse::unknown(format!("relation {old}")))
}

/// In the shared shape it is a table beside a view.
fn materialized_view(work: &Work<'_>, stmt: &RenameStmt, old: &str) -> Result<Output, Refuse> {
    let mut output = work.as_written(false);
    output.shared = vec![emit::tree(&of_table(stmt), Scope::Database)?];
    output.shared.push(super::materialized_view::rename_query(old, &stmt.newname)?);
    Ok(output)
}

fn of_table(stmt: &RenameStmt) -> NodeEnum {
    let mut stmt = stmt.clone();
    if stmt.rename_type() == ObjectType::ObjectMatview {
        stmt.set_rename_type(ObjectType::ObjectTable);
    }
    if stmt.relation_type() == ObjectType::ObjectMatview {
        stmt.set_relation_type(ObjectType::ObjectTable);
    }
    NodeEnum::RenameStmt(Box::new(stmt))
}

fn column(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    let (old, new) = (&stmt.subname, &stmt.newname);
    if let Some(view) = work.catalog.views.get_mut(&table) {
        view.columns.iter_mut().filter(|c| *c == old).for_each(|c| c.clone_from(new));
        return Ok(work.as_written(false));
    }
    if !work.catalog.tables.contains_key(&table) && stmt.missing_ok {
        return Ok(work.as_written(false));
    }
    let t = work.table(&table)?;
    let Some(record) = t.column(old) else {
        return Err(Refuse::unknown(format!("column {old} of table {table}")));
    };
    let global = t.global;
    let tenant = &work.options.tenant_column;
    if !global && (old == tenant || new == tenant) {
        return Err(Refuse::shared(
            format!("{tenant} is the name of the tenant column"),
            "use another name, or give Tenantry's column another one (isolation.tenant_column)",
        ));
    }
    let identity = record.identity.clone();
    let mut output = work.as_written(global);
    if t.materialized {
        output.shared = vec![emit::tree(&of_table(stmt), Scope::Database)?];
    }
    if let Some(identity) = identity.filter(|_| !global) {
        output.shared.push(identity::drop_trigger(&table, old)?);
        output.shared.push(identity::trigger(&table, new, &identity)?);
    }
    work.catalog.rename_column(&table, old, new);
    Ok(output)
}

fn constraint(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    let t = work.table(&table)?;
    let global = t.global;
    let Some(found) = t.constraint(&stmt.subname) else {
        return Err(Refuse::unknown(format!("constraint {} of table {table}", stmt.subname)));
    };
    let target = match &found.kind {
        ConstraintKind::Foreign { table, .. } => Some(table.clone()),
        _ => None,
    };
    let mut output = work.as_written(global);
    if let Some(target) = target.filter(|_| !global) {
        let renamed = super::constraint::rename_update_trigger(work, &target, &stmt.subname, &stmt.newname)?;
        output.shared.extend(renamed);
    }
    work.catalog.rename_constraint(&table, &stmt.subname, &stmt.newname);
    Ok(output)
}
