//! `TABLE t` as a query is `SELECT * FROM t`, and is written so, for its star may have to be written out.

use super::Scene;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Words that a query can stand behind; elsewhere TABLE says what kind of thing is meant.
const BEFORE_QUERY: [&str; 9] =
    ["as", "all", "distinct", "union", "intersect", "except", "in", "query", "materialized"];

/// Writes the commands out.
pub(super) fn pass(tokens: &Tokens<'_>, _: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in (0..tokens.list.len()).filter(|i| tokens.is(*i, "table")) {
        let at = if tokens.is(i + 1, "only") { i + 2 } else { i + 1 };
        if is_query(tokens, i) && tokens.qualified(at).is_some() {
            edits.replace(tokens.list[i].range.clone(), "SELECT * FROM");
        }
    }
    Ok(())
}

fn is_query(tokens: &Tokens<'_>, i: usize) -> bool {
    let Some(before) = i.checked_sub(1) else { return true };
    if tokens.symbol(before, '(') || tokens.symbol(before, ';') {
        return true;
    }
    // `WITH x AS (...) TABLE x`, `INSERT INTO t (a) TABLE x`.
    if tokens.symbol(before, ')') {
        return true;
    }
    BEFORE_QUERY.iter().any(|word| tokens.is(before, word)) || inserts(tokens, before)
}

/// Whether the name that ends at `last` is that of the table of an INSERT.
fn inserts(tokens: &Tokens<'_>, last: usize) -> bool {
    let mut first = last;
    while first >= 2 && tokens.symbol(first - 1, '.') {
        first -= 2;
    }
    first >= 2 && tokens.are(first - 2, &["insert", "into"])
}
