//! DROP: as written; what the catalog forgets, CASCADE included.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, DropStmt, Node, ObjectType};

use super::retire::last_names;
use super::{Output, Work};
use crate::ast;
use crate::catalog::ConstraintKind;
use crate::emit;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;

/// Carries a DROP.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &DropStmt) -> Result<Output, Refuse> {
    let cascade = stmt.behavior() == DropBehavior::DropCascade;
    let kind = stmt.remove_type();
    match kind {
        ObjectType::ObjectTable
        | ObjectType::ObjectIndex
        | ObjectType::ObjectSequence
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview
        | ObjectType::ObjectType
        | ObjectType::ObjectDomain
        | ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate
        | ObjectType::ObjectStatisticExt
        | ObjectType::ObjectTsconfiguration
        | ObjectType::ObjectTsdictionary
        | ObjectType::ObjectCollation
        | ObjectType::ObjectRule
        | ObjectType::ObjectTrigger => {}
        ObjectType::ObjectCast | ObjectType::ObjectOperator if stmt.missing_ok => {
            return Ok(work.left_out("there is none: casts and operators are not carried"));
        }
        ObjectType::ObjectPublication => return Ok(work.left_out(super::habits::PUBLICATION)),
        ObjectType::ObjectExtension => return extension(work, stmt),
        ObjectType::ObjectPolicy => return super::policy::drop(work, stmt),
        ObjectType::ObjectSchema => return super::schema::drop(work, stmt),
        other => {
            return Err(Refuse::all(
                format!(
                    "DROP of {} is not carried",
                    other.as_str_name().trim_start_matches("OBJECT_").to_lowercase()
                ),
                "take the statement out",
            ));
        }
    }
    let taken_along = if cascade { readers(work, kind, &stmt.objects) } else { Vec::new() };
    let cascaded = cascaded(work, kind, &stmt.objects, (cascade, &taken_along))?;
    let mut globals = 0;
    for object in &stmt.objects {
        globals += usize::from(forget(work, kind, object, cascade, stmt.missing_ok)?);
    }
    if globals > 0 && globals < stmt.objects.len() {
        return Err(Refuse::all(
            "DROP names global objects and tenants' objects",
            "write one statement for each kind",
        ));
    }
    let mut output = work.as_written(globals > 0);
    if kind == ObjectType::ObjectMatview {
        output.shared = drop_materialized(stmt)?;
    }
    let materialized = work.catalog.drop_readers(&taken_along);
    output.shared.extend(super::materialized_view::sweep(&materialized)?);
    for emitted in output.shared.iter_mut().chain(&mut output.plain) {
        emitted.transactional = !stmt.concurrent;
    }
    let retires =
        matches!(kind, ObjectType::ObjectTable | ObjectType::ObjectIndex | ObjectType::ObjectSequence);
    if globals == 0 || !retires || !materialized.is_empty() {
        return Ok(output);
    }
    let mut all = cascaded;
    all.add(work.retire(&last_names(&stmt.objects), output));
    Ok(all)
}

/// What CASCADE takes from tenants' tables when global tables go.
fn cascaded(
    work: &Work<'_>,
    kind: ObjectType,
    objects: &[Node],
    (cascade, readers): (bool, &[String]),
) -> Result<Output, Refuse> {
    let mut all = Output::default();
    if cascade && kind == ObjectType::ObjectTable {
        for name in last_names(objects).iter().filter(|name| work.is_global(name)) {
            all.add(work.cascaded(name, readers)?);
        }
    }
    Ok(all)
}

/// The views that CASCADE takes along.
fn readers(work: &Work<'_>, kind: ObjectType, objects: &[Node]) -> Vec<String> {
    if !matches!(kind, ObjectType::ObjectTable | ObjectType::ObjectView | ObjectType::ObjectMatview) {
        return Vec::new();
    }
    let names = objects.iter().filter_map(|o| ast::qualified_name(o).pop());
    let family = names.flat_map(|name| work.catalog.family(&name));
    let mut found: Vec<String> = family.flat_map(|name| work.catalog.readers(&name)).collect();
    found.sort();
    found.dedup();
    found
}

/// In the shared shape it is a table beside a view.
fn drop_materialized(stmt: &DropStmt) -> Result<Vec<Emitted>, Refuse> {
    let mut table = stmt.clone();
    table.set_remove_type(ObjectType::ObjectTable);
    let mut out = vec![emit::tree(&NodeEnum::DropStmt(table), Scope::Database)?];
    for object in &stmt.objects {
        if let Some(name) = ast::qualified_name(object).pop() {
            out.push(super::materialized_view::drop_query(&name)?);
        }
    }
    Ok(out)
}

/// Forgets one object; true: it belonged to no tenant.
fn forget(
    work: &mut Work<'_>,
    kind: ObjectType,
    object: &Node,
    cascade: bool,
    if_exists: bool,
) -> Result<bool, Refuse> {
    let mut parts = ast::qualified_name(object);
    let of_table = matches!(kind, ObjectType::ObjectTrigger | ObjectType::ObjectRule);
    let inner = if of_table { parts.pop() } else { None };
    let name = work.own_object(&parts)?;
    let missing =
        |what: &str| if if_exists { Ok(false) } else { Err(Refuse::unknown(format!("{what} {name}"))) };
    match kind {
        ObjectType::ObjectTable | ObjectType::ObjectMatview => {
            match forget_table(work, &name, kind == ObjectType::ObjectMatview, cascade)? {
                Some(global) => Ok(global),
                None => {
                    missing(if kind == ObjectType::ObjectMatview { "materialized view" } else { "table" })
                }
            }
        }
        ObjectType::ObjectIndex => {
            let Some(table) = work.catalog.table_of_index(&name).map(str::to_owned) else {
                return missing("index");
            };
            work.catalog.drop_index(&table, &name);
            Ok(work.is_global(&table))
        }
        ObjectType::ObjectSequence => match work.catalog.sequences.remove(&name) {
            Some(sequence) => Ok(sequence.global),
            None => missing("sequence"),
        },
        ObjectType::ObjectView => match work.catalog.views.remove(&name) {
            Some(_) => {
                work.catalog.forget_policies_on(&name);
                Ok(false)
            }
            None => missing("view"),
        },
        ObjectType::ObjectType | ObjectType::ObjectDomain => {
            if work.catalog.types.remove(&name).is_none() {
                return missing("type");
            }
            if cascade {
                drop_columns_of_type(work, &name);
            }
            Ok(false)
        }
        ObjectType::ObjectTrigger | ObjectType::ObjectRule => {
            let Some(table) = work.catalog.tables.get_mut(&name) else {
                return if work.catalog.views.contains_key(&name) { Ok(false) } else { missing("table") };
            };
            let list = if kind == ObjectType::ObjectRule { &mut table.rules } else { &mut table.triggers };
            list.retain(|t| Some(&t.name) != inner.as_ref());
            Ok(table.global)
        }
        ObjectType::ObjectStatisticExt => {
            work.catalog.statistics.remove(&name);
            Ok(false)
        }
        _ => {
            work.catalog.drop_function(&name);
            if cascade {
                work.catalog.forget_policies_calling(&name);
            }
            Ok(false)
        }
    }
}

/// Forgets a table; none: there is no such table.
fn forget_table(
    work: &mut Work<'_>,
    name: &str,
    materialized: bool,
    cascade: bool,
) -> Result<Option<bool>, Refuse> {
    let Some(table) = work.catalog.tables.get(name).filter(|t| t.materialized == materialized) else {
        return Ok(None);
    };
    let global = table.global;
    let others = work.catalog.referenced_by(name);
    if !cascade && !others.is_empty() && !others.iter().all(|o| work.later_dropped(o)) {
        return Err(Refuse::all(
            format!("the foreign key of {} refers to table {name}", others.join(", ")),
            "drop that first, or write CASCADE",
        ));
    }
    work.catalog.drop_table(name);
    Ok(Some(global))
}

fn drop_columns_of_type(work: &mut Work<'_>, type_name: &str) {
    let columns: Vec<(String, String)> = work
        .catalog
        .tables
        .values()
        .flat_map(|t| {
            t.columns.iter().filter(|c| c.type_name == type_name).map(|c| (t.name.clone(), c.name.clone()))
        })
        .collect();
    for (table, column) in columns {
        work.catalog.drop_column(&table, &column);
    }
}

fn extension(work: &mut Work<'_>, stmt: &DropStmt) -> Result<Output, Refuse> {
    if stmt.behavior() == DropBehavior::DropCascade {
        return Err(Refuse::all(
            "DROP EXTENSION ... CASCADE drops what it does not name",
            "drop the dependent columns and indexes first",
        ));
    }
    for object in &stmt.objects {
        if let Some(name) = ast::qualified_name(object).pop() {
            work.catalog.extensions.remove(&name);
        }
    }
    let emitted = |sql: &String| Emitted { sql: sql.clone(), scope: Scope::Database, transactional: true };
    Ok(Output { shared: vec![emitted(&work.shared)], plain: vec![emitted(&work.plain)] })
}

impl Work<'_> {
    /// Whether this same statement drops the table as well.
    fn later_dropped(&self, table: &str) -> bool {
        let Ok(NodeEnum::DropStmt(stmt)) = ast::parse_one(&self.plain) else { return false };
        stmt.objects.iter().any(|o| ast::qualified_name(o).last().is_some_and(|n| n == table))
    }

    /// Forgets the foreign keys that need this key.
    pub(super) fn drop_dependents(&mut self, table: &str, key: &[String]) {
        for other in self.catalog.tables.values_mut() {
            other.constraints.retain(|c| {
                !matches!(&c.kind, ConstraintKind::Foreign { table: t, columns, .. } if t == table && columns == key)
            });
        }
    }
}
