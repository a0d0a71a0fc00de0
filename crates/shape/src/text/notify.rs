//! `pg_notify` in the bodies of functions: channels are common to the sessions of a database, so a tenant's become its
//! own. The same in every shape, since tenants' roles may not call it.

use super::Scene;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Replaces calls of the function.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    if !scene.in_body {
        return Ok(());
    }
    for i in 0..tokens.list.len() {
        if tokens.list[i].name != "pg_notify" || !tokens.symbol(i + 1, '(') {
            continue;
        }
        let is_qualified = i > 1 && tokens.symbol(i - 1, '.');
        if is_qualified && !tokens.is(i - 2, "pg_catalog") {
            continue;
        }
        let first = if is_qualified { i - 2 } else { i };
        edits.replace(tokens.list[first].range.start..tokens.list[i].range.end, "tenantry.notify");
    }
    Ok(())
}
