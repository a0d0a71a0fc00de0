//! Advisory locks are common to the sessions of a database, so a tenant's become its own. The same in every shape, since
//! tenants' roles may not call the server's functions.

use super::{Scene, calls, strings};
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Replaces calls of the functions, also in text that a body executes.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    strings::executed(tokens, scene, "advisory_", pass, edits)?;
    for i in 0..tokens.list.len() {
        if let Some(own) = own_name(&tokens.list[i].name) {
            calls::rename(tokens, i, own, edits);
        }
    }
    Ok(())
}

/// The function of the schema `tenantry` that stands for this one.
fn own_name(function: &str) -> Option<&str> {
    let own = function.strip_prefix("pg_")?;
    is_advisory(own).then_some(own)
}

fn is_advisory(own: &str) -> bool {
    own.starts_with("advisory_") || own.starts_with("try_advisory_")
}

/// Whether a name of parts is one of the functions that stand for the server's.
pub(crate) fn is_advisory_lock(parts: &[String]) -> bool {
    matches!(parts, [schema, own] if schema == "tenantry" && is_advisory(own))
}

/// Whether a text takes a lock that outlasts its transaction.
pub(crate) fn outlasts_transactions(text: &str) -> bool {
    ["tenantry.advisory_lock", "tenantry.try_advisory_lock"].iter().any(|name| text.contains(name))
}
