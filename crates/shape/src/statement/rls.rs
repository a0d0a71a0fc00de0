//! Row-level security of a shared table: enabled, forced, one policy for reading and writing.

use super::{Work, once};
use crate::ident;
use crate::model::Emitted;
use crate::refuse::Refuse;

/// The name of the policy on every shared table.
pub(crate) const POLICY: &str = "tenantry";

/// The statements that put a table under its policy.
pub(crate) fn protect(work: &Work<'_>, table: &str) -> Result<Vec<Emitted>, Refuse> {
    let quoted = ident::quote(table);
    let column = ident::quote(&work.options.tenant_column);
    // In a sub-select the function runs once a statement, not once a row.
    let own = format!("{column} = (SELECT {})", work.options.current_tenant);
    Ok(vec![
        once(format!("ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY"))?,
        once(format!("ALTER TABLE {quoted} FORCE ROW LEVEL SECURITY"))?,
        once(format!("CREATE POLICY {POLICY} ON {quoted} USING ({own}) WITH CHECK ({own})"))?,
    ])
}

/// Lets the owner see all rows while `inner` runs: a new foreign key is checked by a query of the owner's,
/// which a forced policy would hide rows from. The locks that ALTER TABLE takes keep everybody else out.
pub(crate) fn unforced(tables: &[String], inner: Vec<Emitted>) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::with_capacity(inner.len() + 2 * tables.len());
    for table in tables {
        out.push(once(format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", ident::quote(table)))?);
    }
    out.extend(inner);
    for table in tables {
        out.push(once(format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY", ident::quote(table)))?);
    }
    Ok(out)
}
