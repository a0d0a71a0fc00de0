//! Constraint triggers that wait, in what a migration runs for each tenant.
//!
//! At the end of the transaction the tenant named last would be the one that they run for. So in shared tables those that
//! wait fire at the end of each tenant's turn: behind all statements for tenants that follow one another in the file.

use pg_query::NodeEnum;
use pg_query::protobuf::ConstraintsSetStmt;

use super::{FileState, Output, Work};
use crate::catalog::Catalog;
use crate::ident;
use crate::model::{Emitted, Scope, Statement};

/// The constraint triggers of tenants' tables at some place of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Those that may wait.
    fire: Vec<String>,
    /// Those that wait unless a body says otherwise.
    deferred: Vec<String>,
}

/// Carries SET CONSTRAINTS.
pub(crate) fn set(work: &mut Work<'_>, stmt: &ConstraintsSetStmt) -> Output {
    if stmt.constraints.is_empty() {
        work.state.constraints.clear();
        work.state.constraints.push((None, stmt.deferred));
    }
    for named in &stmt.constraints {
        if let Some(NodeEnum::RangeVar(r)) = &named.node {
            work.state.constraints.push((Some(r.relname.clone()), stmt.deferred));
        }
    }
    work.as_written(false)
}

/// What waits behind a statement.
pub(crate) fn waiting(catalog: &Catalog, state: &FileState) -> Waiting {
    let mut found = Waiting::default();
    let tables = catalog.tables.values().filter(|t| !t.global);
    for trigger in tables.flat_map(|t| &t.triggers).filter(|t| t.deferrable) {
        let set =
            state.constraints.iter().rev().find(|(name, _)| name.as_ref().is_none_or(|n| n == &trigger.name));
        let deferred = set.map_or(trigger.deferred, |(_, deferred)| *deferred);
        if deferred || catalog.bodies_defer {
            found.fire.push(trigger.name.clone());
        }
        if deferred {
            found.deferred.push(trigger.name.clone());
        }
    }
    found
}

/// Ends each tenant's turn with what waits. `waiting` has one entry for each statement.
pub(crate) fn fire_between_turns(statements: &mut [Statement], waiting: &[Waiting]) {
    // The statement that ends a turn, as far as it has come.
    let mut turn: Option<usize> = None;
    for i in 0..statements.len() {
        let before = std::mem::take(&mut statements[i].shared);
        for emitted in before {
            if emitted.scope == Scope::Tenant && emitted.transactional {
                turn = Some(i);
            } else if let Some(last) = turn.take() {
                fire(&mut statements[last], waiting.get(last));
            }
            statements[i].shared.push(emitted);
        }
    }
    if let Some(last) = turn {
        fire(&mut statements[last], waiting.get(last));
    }
}

fn fire(statement: &mut Statement, waiting: Option<&Waiting>) {
    let Some(waiting) = waiting else { return };
    for (names, how) in [(&waiting.fire, "IMMEDIATE"), (&waiting.deferred, "DEFERRED")] {
        if !names.is_empty() {
            let sql = format!("SET CONSTRAINTS {} {how}", ident::quote_list(names));
            statement.shared.push(Emitted { sql, scope: Scope::Tenant, transactional: true });
        }
    }
}
