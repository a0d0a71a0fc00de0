//! `MERGE ... WHEN NOT MATCHED THEN INSERT` without a list of columns gets one, as INSERT does.

use super::Scene;
use super::insert::end_of;
use crate::catalog::Table;
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Writes the lists out.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        if !tokens.are(i, &["merge", "into"]) {
            continue;
        }
        let at = if tokens.is(i + 2, "only") { i + 3 } else { i + 2 };
        let Some((parts, next)) = tokens.qualified(at) else { continue };
        let table = parts.last().and_then(|name| scene.catalog.tables.get(name)).filter(|t| !t.global);
        let Some(table) = table else { continue };
        for insert in (next..end_of(tokens, i)).filter(|at| tokens.are(*at, &["then", "insert"])) {
            columns(tokens, insert + 2, table, edits)?;
        }
    }
    Ok(())
}

/// The list for the INSERT whose next token is `at`.
fn columns(tokens: &Tokens<'_>, at: usize, table: &Table, edits: &mut Edits) -> Result<(), Refuse> {
    let values = if tokens.is(at, "overriding") { at + 3 } else { at };
    if !tokens.is(values, "values") {
        return Ok(());
    }
    let count = values_at(tokens, values + 1).ok_or_else(|| {
        Refuse::shared(
            format!("MERGE INTO {} has no list of columns, and its values can't be counted", table.name),
            "write the list of columns out",
        )
    })?;
    let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).take(count).collect();
    if columns.len() < count {
        return Err(Refuse::all(
            format!("MERGE INTO {} has more values than the table has columns", table.name),
            "write the list of columns out",
        ));
    }
    if let Some(token) = tokens.list.get(at) {
        edits.insert(token.range.start, format!("({}) ", ident::quote_list(&columns)));
    }
    Ok(())
}

/// How many values stand in the brackets at `open`; none where one of them is a row.
fn values_at(tokens: &Tokens<'_>, open: usize) -> Option<usize> {
    let close = tokens.closing(open)?;
    let (mut depth, mut count) = (0usize, 1);
    for i in open + 1..close {
        match tokens.list[i].symbol {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => count += 1,
            '*' if depth == 0 && tokens.symbol(i - 1, '.') => return None,
            _ => {}
        }
    }
    Some(count)
}
