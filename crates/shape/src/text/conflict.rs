//! `ON CONFLICT (columns)` names the columns of a key, and in the shared shape every key has the tenant column.

use super::Scene;
use super::insert::inserts;
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Adds the tenant column to conflict targets.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    let tenant = &scene.options.tenant_column;
    for insert in inserts(tokens, scene) {
        let mut depth = 0usize;
        for i in insert.next..insert.end {
            match tokens.list[i].symbol {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 || !tokens.are(i, &["on", "conflict"]) || !tokens.symbol(i + 2, '(') {
                continue;
            }
            let close = tokens.closing(i + 2).unwrap_or(i + 2);
            if !tokens.list[i + 2..close].iter().any(|t| &t.name == tenant) {
                edits.insert(tokens.list[i + 2].range.end, format!("{}, ", ident::quote(tenant)));
            }
        }
    }
    Ok(())
}
