//! DROP: as written; what the catalog forgets, CASCADE included.

use pg_query::protobuf::{DropBehavior, DropStmt, Node, ObjectType};

use super::{Output, Work};
use crate::ast;
use crate::catalog::ConstraintKind;
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
        | ObjectType::ObjectType
        | ObjectType::ObjectDomain
        | ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate
        | ObjectType::ObjectStatisticExt
        | ObjectType::ObjectTrigger => {}
        ObjectType::ObjectCollation | ObjectType::ObjectTsconfiguration | ObjectType::ObjectTsdictionary => {
            for object in &stmt.objects {
                work.own_object(&ast::qualified_name(object))?;
            }
            return Ok(work.as_written(false));
        }
        ObjectType::ObjectCast | ObjectType::ObjectOperator if stmt.missing_ok => {
            return Ok(work.left_out("there is none: casts and operators are not carried"));
        }
        ObjectType::ObjectExtension => return extension(work, stmt),
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
    for emitted in output.shared.iter_mut().chain(&mut output.plain) {
        emitted.transactional = !stmt.concurrent;
    }
    Ok(output)
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
    let inner = if kind == ObjectType::ObjectTrigger { parts.pop() } else { None };
    let name = work.own_object(&parts)?;
    let missing =
        |what: &str| if if_exists { Ok(false) } else { Err(Refuse::unknown(format!("{what} {name}"))) };
    match kind {
        ObjectType::ObjectTable => {
            let Some(table) = work.catalog.tables.get(&name) else { return missing("table") };
            let global = table.global;
            let others = work.catalog.referenced_by(&name);
            if !cascade && !others.is_empty() && !others.iter().all(|o| work.later_dropped(o)) {
                return Err(Refuse::all(
                    format!("the foreign key of {} refers to table {name}", others.join(", ")),
                    "drop that first, or write CASCADE",
                ));
            }
            work.catalog.drop_table(&name);
            Ok(global)
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
            Some(_) => Ok(false),
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
        ObjectType::ObjectTrigger => {
            let Some(table) = work.catalog.tables.get_mut(&name) else {
                return if work.catalog.views.contains_key(&name) { Ok(false) } else { missing("table") };
            };
            table.triggers.retain(|t| Some(&t.name) != inner.as_ref());
            Ok(table.global)
        }
        ObjectType::ObjectStatisticExt => {
            work.catalog.statistics.remove(&name);
            Ok(false)
        }
        _ => {
            work.catalog.functions.remove(&name);
            Ok(false)
        }
    }
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
        let Ok(pg_query::NodeEnum::DropStmt(stmt)) = ast::parse_one(&self.plain) else { return false };
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
