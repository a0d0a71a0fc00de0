//! Row-level security of the app's own: what the previous version of the app no longer sees.

use pg_query::protobuf::CreatePolicyStmt;

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::name_of;

/// Looks at ENABLE ROW LEVEL SECURITY.
pub(super) fn enable(site: &mut Site<'_>, table: &str) {
    if site.is_live(table) {
        find(
            site,
            format!(
                "the previous version of the app reads and writes only those rows of {table} that a policy lets through"
            ),
        );
    }
}

/// Looks at a CREATE POLICY.
pub(super) fn create(site: &mut Site<'_>, stmt: &CreatePolicyStmt) {
    let table = name_of(stmt.table.as_ref());
    site.lock(&table, LockMode::AccessExclusive, Hold::Moment);
    if !stmt.permissive && site.is_live(&table) {
        find(
            site,
            format!(
                "the restrictive policy {} hides rows of {table} from the previous version of the app",
                stmt.policy_name
            ),
        );
    }
}

fn find(site: &mut Site<'_>, why: String) {
    site.find(
        Rule::HidesRows,
        why,
        "first deploy a version that says who is asking, in the way that the policies look at",
    );
}
