//! The statements that may run in shared isolation. What is not in this list does not pass, whatever it is: a kind that a
//! later PostgreSQL brings stays out until somebody has looked at it.

use pg_query::NodeEnum as N;
use pg_query::protobuf::{CopyStmt, ExplainStmt, TransactionStmtKind as Kind};

use super::{Denial, Rules, Statement, tree};

/// Refuses a statement of another kind.
pub(super) fn check(statement: &Statement<'_>, rules: &Rules) -> Result<(), Denial> {
    if tree::has(&statement.json, "into_clause") {
        return Err(Denial::forbidden(
            "SELECT INTO makes a table, and shared isolation has no tables of a tenant's own",
            "use INSERT ... SELECT into a table of the app",
        ));
    }
    match &statement.node {
        N::SelectStmt(_)
        | N::InsertStmt(_)
        | N::UpdateStmt(_)
        | N::DeleteStmt(_)
        | N::MergeStmt(_)
        | N::VariableSetStmt(_)
        | N::VariableShowStmt(_)
        | N::DeclareCursorStmt(_)
        | N::FetchStmt(_)
        | N::ClosePortalStmt(_)
        | N::ExecuteStmt(_)
        | N::DeallocateStmt(_)
        | N::ListenStmt(_)
        | N::UnlistenStmt(_)
        | N::NotifyStmt(_)
        | N::DiscardStmt(_)
        | N::CallStmt(_)
        | N::TruncateStmt(_)
        | N::ConstraintsSetStmt(_) => Ok(()),
        N::PrepareStmt(s) => query(s.query.as_ref().and_then(|q| q.node.as_ref()), statement),
        N::ExplainStmt(s) => explain(s, statement, rules),
        N::CopyStmt(s) => copy(s, statement),
        N::TransactionStmt(s) => match s.kind() {
            Kind::TransStmtPrepare | Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared => {
                Err(refused(statement))
            }
            Kind::Undefined => Err(refused(statement)),
            _ => Ok(()),
        },
        _ => Err(refused(statement)),
    }
}

/// A statement inside of another.
fn query(inner: Option<&N>, statement: &Statement<'_>) -> Result<(), Denial> {
    match inner {
        Some(N::SelectStmt(_) | N::InsertStmt(_) | N::UpdateStmt(_) | N::DeleteStmt(_) | N::MergeStmt(_)) => {
            Ok(())
        }
        _ => Err(refused(statement)),
    }
}

fn explain(s: &ExplainStmt, statement: &Statement<'_>, rules: &Rules) -> Result<(), Denial> {
    if !rules.explains {
        return Err(Denial::forbidden(
            "EXPLAIN in shared isolation tells of rows of other tenants",
            "ask the operator for the plan, or use schema isolation",
        ));
    }
    match s.query.as_ref().and_then(|q| q.node.as_ref()) {
        Some(N::ExecuteStmt(_) | N::DeclareCursorStmt(_)) => Ok(()),
        inner => query(inner, statement),
    }
}

fn copy(s: &CopyStmt, statement: &Statement<'_>) -> Result<(), Denial> {
    if s.is_program || !s.filename.is_empty() {
        return Err(Denial::forbidden(
            "COPY with a file or a program of the server",
            "use COPY ... FROM STDIN or TO STDOUT (\\copy in psql)",
        ));
    }
    match &s.query {
        Some(inner) => query(inner.node.as_ref(), statement),
        None => Ok(()),
    }
}

/// Names the kind by its first words.
fn refused(statement: &Statement<'_>) -> Denial {
    let tokens = statement.tokens;
    let word = |i: usize| {
        let token = tokens.list.get(i).filter(|t| i < statement.end && !t.is_quoted)?;
        Some(token.name.to_ascii_uppercase())
            .filter(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphabetic()))
    };
    let mut kind = word(statement.first).unwrap_or_else(|| "this statement".to_owned());
    if matches!(
        kind.as_str(),
        "CREATE" | "ALTER" | "DROP" | "COMMENT" | "IMPORT" | "PREPARE" | "COMMIT" | "ROLLBACK" | "SECURITY"
    ) && let Some(second) = word(statement.first + 1)
    {
        kind = format!("{kind} {second}");
    }
    let remedy = match &statement.node {
        N::LockStmt(_) => "use SELECT ... FOR UPDATE on the rows, or an advisory lock",
        N::DoStmt(_) => "send the statements one by one, or put the block into a function of a migration",
        N::TransactionStmt(_) => "use one transaction for each database",
        N::CreateTableAsStmt(_) => "use INSERT ... SELECT into a table of the app",
        N::VacuumStmt(_) | N::ReindexStmt(_) | N::ClusterStmt(_) | N::CheckPointStmt(_) => {
            "the platform takes care of that"
        }
        N::RefreshMatViewStmt(_) => "refresh it in a migration, or in a function of a migration",
        _ => "change tables in migrations, or give the tenant schema or database isolation",
    };
    Denial::forbidden(format!("{kind} is not allowed in shared isolation"), remedy)
}
