//! Statements that change many rows.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AExprKind, BoolExprType, DeleteStmt, DropBehavior, Node, RangeVar, TruncateStmt, UpdateStmt,
};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{last_name, name_of};

/// UPDATE.
pub(super) fn update(site: &mut Site<'_>, stmt: &UpdateStmt) {
    changes(site, stmt.relation.as_ref(), stmt.where_clause.is_some(), "UPDATE");
}

/// DELETE.
pub(super) fn delete(site: &mut Site<'_>, stmt: &DeleteStmt) {
    changes(site, stmt.relation.as_ref(), stmt.where_clause.is_some(), "DELETE");
}

fn changes(site: &mut Site<'_>, relation: Option<&RangeVar>, has_where: bool, word: &str) {
    let table = name_of(relation);
    site.lock(&table, LockMode::RowExclusive, Hold::Rows);
    if !has_where && site.is_live(&table) {
        site.find(
            Rule::ChangesAllRows,
            format!("{word} without WHERE keeps every row of {table} locked until the transaction ends"),
            "do it in steps of some thousand rows in the app or a job; or silence this rule where the table is small",
        );
    }
}

/// TRUNCATE.
pub(super) fn truncate(site: &mut Site<'_>, stmt: &TruncateStmt) {
    for relation in &stmt.relations {
        let table = last_name(relation);
        site.lock(&table, LockMode::AccessExclusive, Hold::Moment);
        if site.is_live(&table) {
            let also = if stmt.behavior() == DropBehavior::DropCascade {
                ", and of every table that refers to it"
            } else {
                ""
            };
            site.find(
                Rule::Truncates,
                format!("all rows of {table}{also} go, for every tenant"),
                "DELETE what the app no longer needs; or silence this rule with the reason",
            );
        }
    }
}

/// The table of which a statement changes many rows: all UPDATE and DELETE but those that name their rows by a constant,
/// and INSERT from another table.
pub(super) fn bulk(node: &NodeEnum) -> Option<String> {
    let (relation, many) = match node {
        NodeEnum::UpdateStmt(s) => (s.relation.as_ref(), !s.where_clause.as_deref().is_some_and(names_rows)),
        NodeEnum::DeleteStmt(s) => (s.relation.as_ref(), !s.where_clause.as_deref().is_some_and(names_rows)),
        NodeEnum::MergeStmt(s) => (s.relation.as_ref(), true),
        NodeEnum::InsertStmt(s) => match s.select_stmt.as_ref().and_then(|n| n.node.as_ref()) {
            Some(NodeEnum::SelectStmt(q)) if !q.from_clause.is_empty() => {
                (s.relation.as_ref(), !q.where_clause.as_deref().is_some_and(names_rows))
            }
            _ => return None,
        },
        _ => return None,
    };
    many.then(|| name_of(relation))
}

/// Whether a condition compares something with constants, at its top or under AND: `id = 5`, `code IN ('a', 'b')`.
fn names_rows(condition: &Node) -> bool {
    match condition.node.as_ref() {
        Some(NodeEnum::BoolExpr(e)) if e.boolop() == BoolExprType::AndExpr => e.args.iter().any(names_rows),
        Some(NodeEnum::AExpr(e)) => {
            let operator = crate::ast::names(&e.name).pop();
            let equal = operator.as_deref() == Some("=")
                && matches!(e.kind(), AExprKind::AexprOp | AExprKind::AexprIn);
            equal && e.rexpr.as_deref().is_some_and(is_constant)
        }
        _ => false,
    }
}

fn is_constant(node: &Node) -> bool {
    match node.node.as_ref() {
        Some(NodeEnum::AConst(_)) => true,
        Some(NodeEnum::TypeCast(cast)) => cast.arg.as_deref().is_some_and(is_constant),
        Some(NodeEnum::List(list)) => list.items.iter().all(is_constant),
        _ => false,
    }
}
