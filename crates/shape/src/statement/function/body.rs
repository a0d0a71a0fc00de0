//! What the body of a function may hold in the shared shape. Rows are safe under row-level security whatever
//! it runs; definitions and TRUNCATE are not, so those are rewritten or refused.

use crate::catalog::Routine;
use crate::ident;
use crate::plpgsql::{self, Kind, Part};
use crate::refuse::Refuse;
use crate::statement::Work;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// Rewrites what only whole bodies tell, and refuses what can't be carried.
pub(crate) fn carry(work: &Work<'_>, sql: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(sql.to_owned()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    refuse_common(&inner)?;
    let mut edits = Edits::default();
    for part in plpgsql::parts(&inner) {
        match part.kind {
            Kind::Locks => {
                return Err(Refuse::shared(
                    "the body runs LOCK, which in shared tables would stop every tenant",
                    "lock rows with SELECT ... FOR UPDATE, or take an advisory lock",
                ));
            }
            Kind::Executes => refuse_unread(&inner, &part)?,
            Kind::Writes if inner.is(part.first, "truncate") => truncate(work, &inner, &part, &mut edits)?,
            _ => {}
        }
    }
    let changed = edits.apply(&body);
    if changed == body {
        return Ok(sql.to_owned());
    }
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), text::requote(tokens.written(at), &changed));
    Ok(outer.apply(sql))
}

/// Advisory locks are common to the sessions of a database.
pub(crate) fn is_advisory_lock(function: &str) -> bool {
    function.starts_with("pg_advisory_") || function.starts_with("pg_try_advisory_")
}

/// What a body may not call. `pg_notify` has become another function before ([`crate::text`]).
fn refuse_common(tokens: &Tokens<'_>) -> Result<(), Refuse> {
    let called = |i: &usize| is_advisory_lock(&tokens.list[*i].name) && tokens.symbol(i + 1, '(');
    match (0..tokens.list.len()).find(called) {
        Some(i) => Err(Refuse::all(
            format!(
                "the body calls {}, which reaches every tenant's sessions and is taken from tenants' roles",
                tokens.list[i].name
            ),
            "do that in the application",
        )),
        None => Ok(()),
    }
}

/// What the routine of this CREATE FUNCTION does.
pub(super) fn routine(sql: &str) -> Result<Routine, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(Routine::default()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let parts = plpgsql::parts(&inner);
    Ok(Routine {
        defines: parts.iter().any(|p| match p.kind {
            Kind::Defines => true,
            Kind::Executes => !is_query(p.text(&inner)),
            _ => false,
        }),
        writes: parts.iter().any(|p| p.kind == Kind::Writes),
        ends: parts.iter().any(|p| p.kind == Kind::Ends),
        truncates: parts.iter().any(|p| p.kind == Kind::Writes && inner.is(p.first, "truncate")),
    })
}

/// Whether a text that is executed is a query or changes rows, as far as its constants tell.
pub(crate) fn is_query(text: &str) -> bool {
    let Ok(tokens) = Tokens::scan(text) else { return false };
    let first = (0..tokens.list.len()).find_map(|i| tokens.string_value(i)).unwrap_or_default();
    let first = first.trim_start().to_lowercase();
    ["select", "insert", "update", "delete", "with"].iter().any(|word| first.starts_with(word))
}

/// EXECUTE of a query that must be rewritten, but is made of parts.
fn refuse_unread(tokens: &Tokens<'_>, part: &Part) -> Result<(), Refuse> {
    let written = part.text(tokens);
    let parts: Vec<String> = (part.first..part.end).filter_map(|i| tokens.string_value(i)).collect();
    let all = parts.join(" ").to_lowercase();
    let harmful = ["on conflict", "group by", "truncate", "nextval", "setval", "currval"];
    if is_query(written) && harmful.iter().any(|word| all.contains(word)) {
        return Err(Refuse::shared(
            format!(
                "EXECUTE builds a statement that is not carried: {}",
                written.chars().take(60).collect::<String>()
            ),
            "write the statement out",
        ));
    }
    Ok(())
}

/// TRUNCATE in a body becomes DELETE.
fn truncate(work: &Work<'_>, tokens: &Tokens<'_>, part: &Part, edits: &mut Edits) -> Result<(), Refuse> {
    let i = part.first;
    let mut at = if tokens.is(i + 1, "table") { i + 2 } else { i + 1 };
    let mut deletes = Vec::new();
    while let Some((parts, next)) = tokens.qualified(at) {
        let quoted = parts.iter().map(|p| ident::quote(p)).collect::<Vec<_>>().join(".");
        super::super::trigger::check_truncate(work, parts.last().map_or("", String::as_str))?;
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
    Ok(())
}
