//! Questions to the tree of a statement that concern every level of it.

use pg_query::NodeEnum as N;
use pg_query::protobuf::TransactionStmtKind as Kind;
use serde_json::Value;

use super::Statement;

/// Calls `visit` with every key and value of the tree, the list items of a key under its name.
pub(super) fn each<'v>(json: &'v Value, visit: &mut dyn FnMut(&str, &'v Value)) {
    match json {
        Value::Object(map) => {
            for (key, value) in map {
                visit(key, value);
                each(value, visit);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| each(value, visit)),
        _ => {}
    }
}

/// Whether some node or field of this name has content.
pub(super) fn has(json: &Value, name: &str) -> bool {
    let mut found = false;
    each(json, &mut |key, value| {
        found |= key == name && (value.is_object() || value.as_array().is_some_and(|a| !a.is_empty()))
    });
    found
}

const WRITES: [&str; 4] = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

/// Whether the statement writes rows, at whatever level.
fn writes(statement: &Statement<'_>) -> bool {
    let itself =
        matches!(statement.node, N::InsertStmt(_) | N::UpdateStmt(_) | N::DeleteStmt(_) | N::MergeStmt(_));
    itself || WRITES.iter().any(|kind| has(&statement.json, kind))
}

/// Whether it changes nothing that others can see, calls of functions apart.
pub(super) fn reads_only(statement: &Statement<'_>) -> bool {
    let harmless = match &statement.node {
        N::SelectStmt(_)
        | N::VariableShowStmt(_)
        | N::VariableSetStmt(_)
        | N::DeclareCursorStmt(_)
        | N::FetchStmt(_)
        | N::ClosePortalStmt(_) => true,
        N::ExplainStmt(_) => !["ExecuteStmt", "CreateTableAsStmt", "RefreshMatViewStmt"]
            .iter()
            .any(|k| has(&statement.json, k)),
        N::CopyStmt(s) => !s.is_from && !s.is_program && s.filename.is_empty(),
        N::TransactionStmt(s) => !matches!(
            s.kind(),
            Kind::TransStmtPrepare | Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared
        ),
        _ => false,
    };
    harmless
        && !writes(statement)
        && !has(&statement.json, "into_clause")
        && !has(&statement.json, "locking_clause")
}

/// Whether a replica can't do it though a read-only transaction of a primary can, calls of functions apart.
pub(super) fn primary_only(statement: &Statement<'_>) -> bool {
    let itself = matches!(statement.node, N::ListenStmt(_) | N::NotifyStmt(_) | N::LockStmt(_))
        || matches!(&statement.node, N::TransactionStmt(s) if matches!(
            s.kind(),
            Kind::TransStmtPrepare | Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared
        ));
    itself || makes_temporary(statement) || is_serializable(statement)
}

/// Whether it asks for a serializable transaction, now or later.
fn is_serializable(statement: &Statement<'_>) -> bool {
    if !matches!(statement.node, N::TransactionStmt(_) | N::VariableSetStmt(_)) {
        return false;
    }
    let mut found = false;
    each(&statement.json, &mut |_, value| {
        found |= value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("serializable"));
    });
    found
}

/// Whether it may give values of sequences: to columns that count.
pub(super) fn counts(statement: &Statement<'_>) -> bool {
    matches!(&statement.node, N::InsertStmt(_) | N::MergeStmt(_))
        || matches!(&statement.node, N::TruncateStmt(s) if s.restart_seqs)
        || matches!(&statement.node, N::CopyStmt(s) if s.is_from)
        || has(&statement.json, "InsertStmt")
        || has(&statement.json, "MergeStmt")
}

/// Whether it makes something that goes with the session.
pub(super) fn makes_temporary(statement: &Statement<'_>) -> bool {
    let is_query = matches!(
        statement.node,
        N::InsertStmt(_) | N::UpdateStmt(_) | N::DeleteStmt(_) | N::MergeStmt(_) | N::VariableSetStmt(_)
    );
    let mut found = false;
    each(&statement.json, &mut |key, value| {
        let text = value.as_str().unwrap_or_default();
        found |= key == "relpersistence" && text == "t"
            || !is_query && text.starts_with("pg_temp") && key != "relname";
    });
    found
}
