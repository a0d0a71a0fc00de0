//! Temporary tables: in the shared shape one for all tenants of a run, under row-level security like any other. They go
//! with their file, in every shape: the next file may run in another session.

use pg_query::NodeEnum;
use pg_query::protobuf::{ConstrType, CreateStmt};

use super::{Output, Work, serial};
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;

/// A counter would go on from tenant to tenant.
pub(super) fn refuse_counters(stmt: &CreateStmt) -> Result<(), Refuse> {
    let counts = stmt.table_elts.iter().any(|n| match &n.node {
        Some(NodeEnum::ColumnDef(def)) => {
            serial::integer_type(def.type_name.as_ref()).is_some()
                || def.constraints.iter().any(|c| {
                    matches!(&c.node, Some(NodeEnum::Constraint(c)) if c.contype() == ConstrType::ConstrIdentity)
                })
        }
        _ => false,
    });
    if counts {
        return Err(Refuse::shared(
            "a temporary table has a serial or identity column, which would count on from tenant to tenant",
            "number the rows with row_number()",
        ));
    }
    Ok(())
}

/// Ends the temporary tables that a file has made.
pub(crate) fn end(work: &mut Work<'_>) -> Option<Output> {
    let names: Vec<String> =
        work.catalog.tables.values().filter(|t| t.temporary).map(|t| t.name.clone()).collect();
    if names.is_empty() {
        return None;
    }
    names.iter().for_each(|name| work.catalog.drop_table(name));
    let list: Vec<String> = names.iter().map(|n| format!("pg_temp.{}", ident::quote(n))).collect();
    let sql = format!("DROP TABLE IF EXISTS {} CASCADE", list.join(", "));
    let emitted = |scope| Emitted { sql: sql.clone(), scope, transactional: true };
    Some(Output { shared: vec![emitted(Scope::Database)], plain: vec![emitted(Scope::Tenant)] })
}
