//! CREATE TRIGGER: as written. Statement triggers on TRUNCATE never fire in the shared shape, where TRUNCATE becomes
//! DELETE: what would have fired them is refused.

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
    let truncating = work.catalog.functions.iter().find(|(_, f)| f.truncates);
    if fires_on(TriggerType::Truncate)
        && !global
        && let Some((function, _)) = truncating
    {
        return Err(unfired(&format!("the TRUNCATE of the function {function}, which may empty {table},")));
    }
    let record = Trigger {
        name: stmt.trigname.clone(),
        is_inside: stmt.timing & (TriggerType::Before as i32) != 0 || asks_functions(stmt),
        of_rows: stmt.row,
        on_update: fires_on(TriggerType::Update),
        on_delete: fires_on(TriggerType::Delete),
        on_truncate: fires_on(TriggerType::Truncate),
        deferrable: stmt.isconstraint && stmt.deferrable,
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

/// Whether the condition of a trigger calls functions.
fn asks_functions(stmt: &CreateTrigStmt) -> bool {
    let json = stmt.when_clause.as_ref().and_then(|when| serde_json::to_value(when).ok());
    json.is_some_and(|json| !super::functions_called(&json).is_empty())
}

/// Refuses a TRUNCATE of a table that has a trigger on it.
pub(super) fn check_truncate(work: &Work<'_>, table: &str) -> Result<(), Refuse> {
    let fires = |t: &Trigger| t.on_truncate && !t.disabled;
    match work.table(table)?.triggers.iter().find(|t| fires(t)) {
        Some(trigger) => Err(unfired(&format!("TRUNCATE of {table}, which has {},", trigger.name))),
        None => Ok(()),
    }
}

fn unfired(what: &str) -> Refuse {
    Refuse::shared(
        format!("{what} would have to fire a trigger on TRUNCATE: shared tables are emptied by DELETE"),
        "make it a trigger on DELETE, or disable it around the statement",
    )
}
