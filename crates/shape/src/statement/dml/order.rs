//! INSERT ... SELECT into a table that counts: without ORDER BY the numbers follow the order in which rows are found. For
//! one customer that is how they lie in the table; an index of a shared table, which leads with the tenant column, would
//! bring them in another order. So the indexes are read by way of bitmaps, which keep to how rows lie.

use pg_query::NodeEnum;
use pg_query::protobuf::{InsertStmt, Node};

use crate::model::Emitted;
use crate::refuse::Refuse;
use crate::statement::{Work, once};

/// The settings that have rows come in the order of an index.
const SETTINGS: [&str; 2] = ["enable_indexscan", "enable_indexonlyscan"];

/// The statement, with the settings around it where it needs them.
pub(super) fn kept(work: &Work<'_>, stmt: &NodeEnum, emitted: Emitted) -> Result<Vec<Emitted>, Refuse> {
    let NodeEnum::InsertStmt(insert) = stmt else { return Ok(vec![emitted]) };
    if !reads_unordered(insert) || !counts(work, insert) {
        return Ok(vec![emitted]);
    }
    let mut all = Vec::with_capacity(1 + 2 * SETTINGS.len());
    for setting in SETTINGS {
        all.push(once(format!("SET LOCAL {setting} = off"))?);
    }
    all.push(emitted);
    for setting in SETTINGS {
        all.push(once(format!("SET LOCAL {setting} TO DEFAULT"))?);
    }
    Ok(all)
}

fn reads_unordered(insert: &InsertStmt) -> bool {
    match insert.select_stmt.as_deref().and_then(|s| s.node.as_ref()) {
        Some(NodeEnum::SelectStmt(s)) => {
            s.sort_clause.is_empty() && (!s.from_clause.is_empty() || s.larg.is_some())
        }
        _ => false,
    }
}

/// Whether a column that the statement leaves out is counted.
fn counts(work: &Work<'_>, insert: &InsertStmt) -> bool {
    let Some(table) = insert.relation.as_ref().map(|r| r.relname.as_str()) else { return false };
    let given: Vec<String> = insert.cols.iter().filter_map(target).collect();
    work.catalog
        .sequences
        .values()
        .filter_map(|s| s.owner.as_ref())
        .any(|(owner, column)| owner == table && !given.contains(column))
}

fn target(column: &Node) -> Option<String> {
    match &column.node {
        Some(NodeEnum::ResTarget(t)) => Some(t.name.clone()),
        _ => None,
    }
}
