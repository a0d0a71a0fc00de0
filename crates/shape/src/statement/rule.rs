//! CREATE RULE: as written. The rows that its actions see and change are the tenant's own, since they run under row-level
//! security like the statement that they stand for.

use pg_query::NodeEnum;
use pg_query::protobuf::{CmdType, Node, RuleStmt};

use super::{Output, Work};
use crate::catalog::Trigger;
use crate::refuse::Refuse;
use crate::text;

/// Carries a CREATE RULE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &RuleStmt) -> Result<Output, Refuse> {
    let relation = work.own_name(stmt.relation.as_ref())?;
    if stmt.actions.iter().any(|a| matches!(a.node, Some(NodeEnum::NotifyStmt(_)))) {
        return Err(Refuse::all(
            format!("a rule on {relation} runs NOTIFY, which reaches every tenant's sessions"),
            "make it a trigger whose function calls pg_notify",
        ));
    }
    if work.catalog.views.contains_key(&relation) {
        refuse_rows(work)?;
        return Ok(work.as_written(false));
    }
    let global = work.table(&relation)?.global;
    if !global {
        refuse_rows(work)?;
        if stmt.actions.iter().any(returns) {
            return Err(Refuse::shared(
                format!("a rule on table {relation} has RETURNING, which must yield the tenant column too"),
                "make it a rule on a view over the table, or a trigger",
            ));
        }
    }
    let record = Trigger {
        name: stmt.rulename.clone(),
        is_inside: true,
        of_rows: false,
        on_update: stmt.event() == CmdType::CmdUpdate,
        deferrable: false,
        deferred: false,
        function: String::new(),
        on_delete: stmt.event() == CmdType::CmdDelete,
        on_truncate: false,
        disabled: false,
    };
    if let Some(t) = work.catalog.tables.get_mut(&relation) {
        t.rules.retain(|r| r.name != record.name);
        t.rules.push(record);
    }
    Ok(work.as_written(global))
}

/// `NEW.*` has the tenant column among the table's.
fn refuse_rows(work: &Work<'_>) -> Result<(), Refuse> {
    let tokens = text::scan(&work.shared)?;
    let whole = (0..tokens.list.len()).any(|i| {
        (tokens.is(i, "new") || tokens.is(i, "old")) && tokens.symbol(i + 1, '.') && tokens.symbol(i + 2, '*')
    });
    if whole {
        return Err(Refuse::shared(
            "NEW.* in a rule holds the tenant column too",
            "write the columns out: NEW.a, NEW.b",
        ));
    }
    Ok(())
}

fn returns(action: &Node) -> bool {
    match &action.node {
        Some(NodeEnum::InsertStmt(s)) => s.returning_clause.is_some(),
        Some(NodeEnum::UpdateStmt(s)) => s.returning_clause.is_some(),
        Some(NodeEnum::DeleteStmt(s)) => s.returning_clause.is_some(),
        _ => false,
    }
}
