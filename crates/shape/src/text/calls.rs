//! Calls of the server's functions that become calls of Tenantry's.

use crate::tokens::{Edits, Tokens};

/// Gives the call at token `i` the name `tenantry.own`; nothing where it is no call, or another schema's.
pub(super) fn rename(tokens: &Tokens<'_>, i: usize, own: &str, edits: &mut Edits) {
    if !tokens.symbol(i + 1, '(') {
        return;
    }
    let is_qualified = i > 1 && tokens.symbol(i - 1, '.');
    if is_qualified && !tokens.is(i - 2, "pg_catalog") {
        return;
    }
    let first = if is_qualified { i - 2 } else { i };
    edits.replace(tokens.list[first].range.start..tokens.list[i].range.end, format!("tenantry.{own}"));
}
