//! CREATE TRIGGER: as written; on TRUNCATE it never fires in the shared shape, where tables are emptied by DELETE.

use pg_query::protobuf::CreateTrigStmt;
use pg_query::{NodeEnum, TriggerType};

use super::{Output, Work};
use crate::ast;
use crate::catalog::Trigger;
use crate::emit;
use crate::model::Scope;
use crate::refuse::Refuse;

/// Carries a CREATE TRIGGER.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CreateTrigStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    if work.catalog.views.contains_key(&table) {
        return Ok(work.as_written(false));
    }
    let global = work.table(&table)?.global;
    let fires_on = |event: TriggerType| stmt.events & (event as i32) != 0;
    let on_truncate = fires_on(TriggerType::Truncate) && !global;
    let others = stmt.events & !(TriggerType::Truncate as i32);
    if on_truncate && others == 0 {
        return Err(Refuse::shared(
            "a trigger on TRUNCATE would not fire: shared tables are emptied by DELETE",
            "make it a trigger on DELETE",
        ));
    }
    let record = Trigger {
        name: stmt.trigname.clone(),
        on_delete: fires_on(TriggerType::Delete),
        function: ast::names(&stmt.funcname).pop().unwrap_or_default(),
        disabled: false,
        on_truncate,
    };
    if let Some(t) = work.catalog.tables.get_mut(&table) {
        t.triggers.retain(|t| t.name != record.name);
        t.triggers.push(record);
    }
    let mut output = work.as_written(global);
    if on_truncate {
        // Tenants can't TRUNCATE, so nothing of theirs is missed.
        let without = CreateTrigStmt { events: others, ..stmt.clone() };
        output.shared = vec![emit::tree(&NodeEnum::CreateTrigStmt(Box::new(without)), Scope::Database)?];
        work.notes
            .push("in shared tables the trigger fires on its other events, never on TRUNCATE".to_owned());
    }
    Ok(output)
}
