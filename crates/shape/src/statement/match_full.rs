//! MATCH FULL over several columns, in shared tables. The composite key has the tenant column too, which is never NULL, so the
//! key is MATCH SIMPLE, and a trigger refuses rows that have some of the columns and not all (`tenantry.match_full`): behind
//! the row, as the server's own does, with its SQLSTATE, and for partitions but not for children that inherit.

use super::cascade::Guards;
use super::{Work, once, rls};
use crate::catalog::{Catalog, Constraint, ConstraintKind, Table};
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER};
use crate::names;
use crate::refuse::Refuse;

/// The triggers that keys take, by table; partitions have their parent's.
pub(super) fn guards(catalog: &Catalog) -> Guards {
    let mut guards = Guards::new();
    for table in catalog.tables.values().filter(|t| !t.global) {
        for key in table.constraints.iter().filter(|c| c.of_parent.is_none() && is_full(c)) {
            let name = format!("!tenantry_full_{}", key.name);
            let name = names::clip(&name, names::NAME_BYTES_MAX).to_owned();
            guards.entry(table.name.clone()).or_default().insert(name, make(table, key));
        }
    }
    guards
}

fn is_full(c: &Constraint) -> bool {
    matches!(c.kind, ConstraintKind::Foreign { full: true, .. })
}

fn make(table: &Table, key: &Constraint) -> String {
    let columns: Vec<String> = key.columns.iter().map(|c| format!("new.{}", ident::quote(c))).collect();
    format!(
        "AFTER INSERT OR UPDATE ON {} FOR EACH ROW WHEN (num_nulls({}) NOT IN (0, {})) EXECUTE FUNCTION tenantry.match_full({})",
        ident::quote(&table.name),
        columns.join(", "),
        columns.len(),
        ident::literal(&key.name)
    )
}

/// The check of the rows that are there, for a key that is made or validated: of every tenant's, as the server's is.
pub(super) fn of_rows(work: &Work<'_>, table: &str, key: &str) -> Result<Vec<Emitted>, Refuse> {
    let Some(key) = work.table(table)?.constraint(key).filter(|c| is_full(c)) else { return Ok(Vec::new()) };
    let columns: Vec<String> = key.columns.iter().map(|c| ident::literal(c)).collect();
    let relation = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(table)));
    let check = once(format!(
        "SELECT tenantry.check_match_full({relation}::regclass, {}, {})",
        ident::literal(&key.name),
        columns.join(", ")
    ))?;
    rls::unforced(&work.catalog.family(table), vec![check])
}
