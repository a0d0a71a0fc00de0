//! PREPARE, EXECUTE and DEALLOCATE: where the name stands, so that the gateway can put the server's name for it there.

use pg_query::NodeEnum as N;

use super::effects::{Effects, NameUse, PreparedName};
use super::{Statement, tree};

/// Adds the names of a statement.
pub(super) fn add(statement: &Statement<'_>, effects: &mut Effects) {
    let tokens = statement.tokens;
    let first = statement.first;
    let (used, at, name) = match &statement.node {
        N::PrepareStmt(s) => {
            effects.leaves.prepared = true;
            (NameUse::Prepare, first + 1, Some(s.name.clone()))
        }
        N::DeallocateStmt(s) => {
            let at = if tokens.is(first + 1, "prepare") && first + 2 < statement.end {
                first + 2
            } else {
                first + 1
            };
            (NameUse::Deallocate, at, (!s.isall).then(|| s.name.clone()))
        }
        N::ExecuteStmt(s) => (NameUse::Execute, first + 1, Some(s.name.clone())),
        _ if tree::has(&statement.json, "ExecuteStmt") => {
            // EXPLAIN (...) EXECUTE, CREATE TABLE ... AS EXECUTE.
            let behind =
                |i: &usize| !matches!(statement.node, N::CreateTableAsStmt(_)) || tokens.is(i - 1, "as");
            let Some(at) = (first + 1..statement.end).find(|i| tokens.is(*i, "execute") && behind(i)) else {
                effects.leaves.unknown = true;
                return;
            };
            let name = tokens.list.get(at + 1).map(|t| t.name.clone());
            (NameUse::Execute, at + 1, name)
        }
        _ => return,
    };
    // Behind the last token may stand a semicolon.
    let last = (first..statement.end).rev().find(|i| !tokens.symbol(*i, ';'));
    let end = last.and_then(|i| tokens.list.get(i)).map(|t| t.range.end);
    if let (Some(token), Some(begin), Some(end)) = (tokens.list.get(at), tokens.list.get(first), end) {
        let within = begin.range.start..end;
        let statement = effects.statements.saturating_sub(1);
        effects.prepared.push(PreparedName { name, used, at: token.range.clone(), within, statement });
    }
}
