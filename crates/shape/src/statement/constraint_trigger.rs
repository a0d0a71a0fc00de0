//! Constraint triggers in what a migration runs for each tenant.

use super::Output;
use crate::catalog::Catalog;
use crate::ident;
use crate::model::{Emitted, Scope};

/// Constraint triggers that wait for the end of the transaction would run there for the tenant named last: around what
/// runs for each tenant in shared tables they fire with the statement.
pub(crate) fn fire_at_once(catalog: &Catalog, output: &mut Output) {
    let waiting: Vec<&str> = catalog
        .tables
        .values()
        .filter(|t| !t.global)
        .flat_map(|t| &t.triggers)
        .filter(|t| t.deferred)
        .map(|t| t.name.as_str())
        .collect();
    if waiting.is_empty() || !output.shared.iter().any(|e| e.scope == Scope::Tenant) {
        return;
    }
    let set = |how: &str| Emitted {
        sql: format!("SET CONSTRAINTS {} {how}", ident::quote_list(&waiting)),
        scope: Scope::Database,
        transactional: true,
    };
    output.shared.insert(0, set("IMMEDIATE"));
    output.shared.push(set("DEFERRED"));
}
