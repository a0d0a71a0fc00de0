//! CREATE TRIGGER: as written; statement triggers on TRUNCATE never fire in the shared shape.

use pg_query::TriggerType;
use pg_query::protobuf::CreateTrigStmt;

use super::{Output, Work};
use crate::ast;
use crate::catalog::Trigger;
use crate::refuse::Refuse;

/// Carries a CREATE TRIGGER.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CreateTrigStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    if work.catalog.views.contains_key(&table) {
        return Ok(work.as_written(false));
    }
    let global = work.table(&table)?.global;
    let fires_on = |event: TriggerType| stmt.events & (event as i32) != 0;
    if fires_on(TriggerType::Truncate) && !global {
        return Err(Refuse::shared(
            "a trigger on TRUNCATE would not fire: shared tables are emptied by DELETE",
            "make it a trigger on DELETE",
        ));
    }
    let record = Trigger {
        name: stmt.trigname.clone(),
        on_delete: fires_on(TriggerType::Delete),
        deferred: stmt.isconstraint && stmt.initdeferred,
        function: ast::names(&stmt.funcname).pop().unwrap_or_default(),
        disabled: false,
    };
    if let Some(t) = work.catalog.tables.get_mut(&table) {
        t.triggers.retain(|t| t.name != record.name);
        t.triggers.push(record);
    }
    Ok(work.as_written(global))
}
