//! What the body of a function may hold in the shared shape. Rows are safe under row-level security whatever
//! it runs; definitions and TRUNCATE are not, so those are rewritten or refused.

use crate::ident;
use crate::refuse::Refuse;
use crate::statement::Work;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// Rewrites what only whole bodies tell, and refuses what can't be carried.
pub(super) fn carry(work: &Work<'_>, sql: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(sql.to_owned()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    refuse_definitions(&inner)?;
    refuse_dynamic(&inner)?;
    let mut edits = Edits::default();
    truncate(work, &inner, &mut edits)?;
    let changed = edits.apply(&body);
    if changed == body {
        return Ok(sql.to_owned());
    }
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), text::requote(tokens.written(at), &changed));
    Ok(outer.apply(sql))
}

/// Whether token `i` can begin a statement.
fn begins(tokens: &Tokens<'_>, i: usize) -> bool {
    i == 0
        || tokens.symbol(i - 1, ';')
        || ["begin", "then", "else", "loop"].iter().any(|w| tokens.is(i - 1, w))
}

fn refuse_definitions(tokens: &Tokens<'_>) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        let defines = ["create", "alter", "drop", "grant", "revoke", "lock"].iter().any(|w| tokens.is(i, w));
        if defines && begins(tokens, i) {
            return Err(Refuse::shared(
                format!(
                    "the function runs {}, which in shared tables would concern every tenant",
                    tokens.written(i).to_uppercase()
                ),
                "do it in a migration; for rows that live for one call use an array, a WITH query or a table with a key per call",
            ));
        }
    }
    Ok(())
}

/// EXECUTE of text: its constants are read; text that comes from elsewhere can't be.
fn refuse_dynamic(tokens: &Tokens<'_>) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        if !tokens.is(i, "execute")
            || !begins(tokens, i)
                && !tokens.is(i.wrapping_sub(1), "query")
                && !tokens.is(i.wrapping_sub(1), "in")
        {
            continue;
        }
        let end = (i..tokens.list.len())
            .find(|at| tokens.symbol(*at, ';') || tokens.is(*at, "loop"))
            .unwrap_or(tokens.list.len());
        let parts: Vec<String> = (i..end).filter_map(|at| tokens.string_value(at)).collect();
        if parts.is_empty() {
            return Err(Refuse::shared(
                "EXECUTE runs text that is made elsewhere and can't be read here",
                "write the statement out, or put its text behind EXECUTE",
            ));
        }
        let first = parts.first().map(String::as_str).unwrap_or_default().trim_start().to_lowercase();
        let all = parts.join(" ").to_lowercase();
        let harmless =
            ["select", "insert", "update", "delete", "with", "perform"].iter().any(|w| first.starts_with(w));
        if !harmless
            || ["on conflict", "group by", "truncate", "nextval", "setval", "currval"]
                .iter()
                .any(|w| all.contains(w))
        {
            return Err(Refuse::shared(
                format!(
                    "EXECUTE builds a statement that is not carried: {}",
                    first.chars().take(60).collect::<String>()
                ),
                "write the statement out in the function, or do it in a migration",
            ));
        }
    }
    Ok(())
}

/// TRUNCATE in a body becomes DELETE.
fn truncate(work: &Work<'_>, tokens: &Tokens<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        if !tokens.is(i, "truncate") || !begins(tokens, i) {
            continue;
        }
        let mut at = if tokens.is(i + 1, "table") { i + 2 } else { i + 1 };
        let mut deletes = Vec::new();
        while let Some((parts, next)) = tokens.qualified(at) {
            let quoted = parts.iter().map(|p| ident::quote(p)).collect::<Vec<_>>().join(".");
            work.table(parts.last().map_or("", String::as_str))?;
            deletes.push(format!("DELETE FROM {quoted}"));
            at = next;
            if !tokens.symbol(at, ',') {
                break;
            }
            at += 1;
        }
        if !(tokens.symbol(at, ';') || at >= tokens.list.len()) || deletes.is_empty() {
            return Err(Refuse::shared(
                "the function runs TRUNCATE with options",
                "write DELETE FROM for each table; set counters with setval",
            ));
        }
        let range = tokens.list[i].range.start..tokens.list[at - 1].range.end;
        edits.replace(range, deletes.join("; "));
    }
    Ok(())
}
