//! `nextval` and its kin become the tenant's own counters: a shared sequence would tell each tenant of the
//! others' volume, and a seed that counts on 1 would load for the first tenant only.

use super::Scene;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Replaces calls of the sequence functions.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        let ours = match tokens.list[i].name.as_str() {
            "nextval" => "tenantry.next_value",
            "currval" => "tenantry.current_value",
            "setval" => "tenantry.set_value",
            "lastval" => "",
            _ => continue,
        };
        if !tokens.symbol(i + 1, '(') {
            continue;
        }
        let mut start = tokens.list[i].range.start;
        if i > 0 && tokens.symbol(i - 1, '.') {
            if !tokens.is(i.wrapping_sub(2), "pg_catalog") {
                continue;
            }
            start = tokens.list[i - 2].range.start;
        }
        if ours.is_empty() {
            return Err(Refuse::shared(
                "lastval() does not know of the tenant's counters",
                "name the sequence: currval('the_sequence'), or use RETURNING",
            ));
        }
        if names_global_sequence(tokens, i + 2, scene) {
            continue;
        }
        edits.replace(start..tokens.list[i].range.end, ours);
    }
    Ok(())
}

/// The sequence of a global table belongs to no tenant and stays what it is.
fn names_global_sequence(tokens: &Tokens<'_>, i: usize, scene: &Scene<'_>) -> bool {
    let Some(value) = tokens.string_value(i) else { return false };
    let Ok(inner) = Tokens::scan(&value) else { return false };
    let Some((parts, _)) = inner.qualified(0) else { return false };
    parts.last().and_then(|name| scene.catalog.sequences.get(name)).is_some_and(|s| s.global)
}
