//! Row-level security of a shared table: enabled, forced, one policy for reading and writing. Where the app has policies
//! of its own, that one becomes restrictive: it holds together with whatever else a policy lets through, never instead.

use super::{Work, once};
use crate::catalog::Boundary;
use crate::ident;
use crate::model::Emitted;
use crate::refuse::Refuse;

/// The name of the policy on every shared table.
pub(crate) const POLICY: &str = "tenantry";

/// Its name where it is restrictive. The server asks restrictive policies in the order of their names, so with the exclamation
/// mark it comes before the app's: their expressions never meet a row of another tenant.
pub(crate) const RESTRICTIVE: &str = "!tenantry";

/// The name of the permissive policy beside a restrictive one. It opens the rows of the tenant, never those of others.
pub(crate) const COMPANION: &str = "tenantry_open";

/// The role that policies at rest are for. Nobody can be made a member of it: PostgreSQL counts the database's owner
/// alone, the superuser or whoever set Tenantry up.
pub(crate) const NOBODY: &str = "pg_database_owner";

/// The statements that put a table under its policy.
pub(crate) fn protect(work: &Work<'_>, table: &str) -> Result<Vec<Emitted>, Refuse> {
    let quoted = ident::quote(table);
    Ok(vec![
        once(format!("ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY"))?,
        once(format!("ALTER TABLE {quoted} FORCE ROW LEVEL SECURITY"))?,
        tenants_policy(work, table, Kind::Permissive)?,
    ])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Permissive,
    Restrictive,
}

impl Kind {
    fn of(boundary: Boundary) -> Self {
        if boundary == Boundary::Sole { Kind::Permissive } else { Kind::Restrictive }
    }

    fn policy(self) -> String {
        ident::quote(match self {
            Kind::Permissive => POLICY,
            Kind::Restrictive => RESTRICTIVE,
        })
    }
}

fn tenants_policy(work: &Work<'_>, table: &str, kind: Kind) -> Result<Emitted, Refuse> {
    let column = ident::quote(&work.options.tenant_column);
    // In a sub-select the function runs once a statement, not once a row.
    let own = format!("{column} = (SELECT {})", work.options.current_tenant);
    let restrictive = if kind == Kind::Restrictive { " AS RESTRICTIVE" } else { "" };
    once(format!(
        "CREATE POLICY {} ON {}{restrictive} USING ({own}) WITH CHECK ({own})",
        kind.policy(),
        ident::quote(table)
    ))
}

/// The statements that bring the boundary of a table, and the app's policies on it, to what the migrations say of its
/// row-level security.
pub(crate) fn settle(work: &mut Work<'_>, table: &str) -> Result<Vec<Emitted>, Refuse> {
    let security = &work.table(table)?.security;
    let (now, wanted) = (security.boundary, security.wanted());
    let mut out = reform(work, table, now, wanted)?;
    let quoted = ident::quote(table);
    let enabled = security.enabled;
    for policy in security.policies.iter().filter(|p| p.rests == enabled) {
        let role = if enabled { "PUBLIC" } else { NOBODY };
        out.push(once(format!("ALTER POLICY {} ON {quoted} TO {role}", ident::quote(&policy.name)))?);
    }
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.security.boundary = wanted;
        t.security.policies.iter_mut().for_each(|p| p.rests = !enabled);
    }
    Ok(out)
}

/// In this order whoever looks in between sees too little, never too much.
fn reform(work: &Work<'_>, table: &str, now: Boundary, wanted: Boundary) -> Result<Vec<Emitted>, Refuse> {
    let quoted = ident::quote(table);
    let mut out = Vec::new();
    let (before, after) = (opened_to(now), opened_to(wanted));
    if before.is_some() && after.is_none() {
        out.push(close(table)?);
    }
    if Kind::of(now) != Kind::of(wanted) {
        out.push(once(format!("DROP POLICY {} ON {quoted}", Kind::of(now).policy()))?);
        out.push(tenants_policy(work, table, Kind::of(wanted))?);
    }
    match after {
        Some(role) if before.is_none() => out.push(open(table, role)?),
        Some(role) if before != after => {
            out.push(once(format!("ALTER POLICY {COMPANION} ON {quoted} TO {role}"))?);
        }
        _ => {}
    }
    Ok(out)
}

/// Whom the companion is for. The owner of a table passes by its policies in plain PostgreSQL, unless they are forced.
fn opened_to(boundary: Boundary) -> Option<&'static str> {
    match boundary {
        Boundary::Sole | Boundary::Closed => None,
        Boundary::Open => Some("PUBLIC"),
        Boundary::Owner => Some("CURRENT_ROLE"),
    }
}

fn open(table: &str, role: &str) -> Result<Emitted, Refuse> {
    let quoted = ident::quote(table);
    once(format!("CREATE POLICY {COMPANION} ON {quoted} TO {role} USING (true) WITH CHECK (true)"))
}

fn close(table: &str) -> Result<Emitted, Refuse> {
    once(format!("DROP POLICY {COMPANION} ON {}", ident::quote(table)))
}

/// Lets the owner pass by the app's policies while `inner` runs, tenant by tenant: what stands in for a command that
/// policies don't hold back.
pub(crate) fn as_owner(
    work: &Work<'_>,
    tables: &[String],
    inner: Vec<Emitted>,
) -> Result<Vec<Emitted>, Refuse> {
    let bound =
        |t: &&String| work.catalog.tables.get(*t).is_some_and(|t| t.security.boundary == Boundary::Closed);
    let bound: Vec<&String> = tables.iter().filter(bound).collect();
    let mut out = Vec::with_capacity(inner.len() + 2 * bound.len());
    for table in &bound {
        out.push(open(table, "CURRENT_ROLE")?);
    }
    out.extend(inner);
    for table in &bound {
        out.push(close(table)?);
    }
    Ok(out)
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
