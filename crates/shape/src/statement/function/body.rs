//! What the body of a function may hold in the shared shape. Rows are safe under row-level security whatever
//! it runs; definitions and TRUNCATE are not, so those are rewritten or refused.

use crate::catalog::Routine;
use crate::ident;
use crate::plpgsql::{self, Kind, Part};
use crate::refuse::Refuse;
use crate::statement::{Work, refuse_system_catalog};
use crate::text;
use crate::tokens::{Edits, Tokens};

/// Rewrites what only whole bodies tell, and refuses what can't be carried.
pub(crate) fn carry(work: &Work<'_>, sql: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(sql.to_owned()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let mut edits = Edits::default();
    let parts = plpgsql::parts(&inner);
    for part in &parts {
        match part.kind {
            _ if locks(&inner, part) => {
                if !only_migrations_run(&tokens, &inner, &parts) {
                    return Err(Refuse::shared(
                        "the body runs LOCK, which in shared tables would stop every tenant",
                        "lock rows with SELECT ... FOR UPDATE, or take an advisory lock",
                    ));
                }
                edits.replace(part.range(&inner), LOCK_REFUSED);
            }
            Kind::Executes => refuse_unread(&inner, part)?,
            Kind::Writes if inner.is(part.first, "truncate") => truncate(work, &inner, part, &mut edits)?,
            Kind::Writes => refuse_catalog(work, &inner, part)?,
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

/// What stands for LOCK in shared tables. The migrations that call such a body are worked out on a shadow, so nobody but a
/// tenant comes here, who may not define what comes behind it either.
pub(super) const LOCK_REFUSED: &str =
    "RAISE insufficient_privilege USING MESSAGE = 'LOCK in shared tables is left to migrations'";

/// LOCK, as a statement or as text that is executed.
fn locks(tokens: &Tokens<'_>, part: &Part) -> bool {
    part.kind == Kind::Locks || part.kind == Kind::Executes && first_word(part.text(tokens)) == "lock"
}

/// Whether the body makes definitions with the rights of who calls it: tenants' roles have none to.
fn only_migrations_run(outer: &Tokens<'_>, inner: &Tokens<'_>, parts: &[Part]) -> bool {
    let definer = (0..outer.list.len()).any(|i| outer.are(i, &["security", "definer"]));
    let is_plpgsql = inner.list.iter().any(|t| t.name == "begin" && !t.is_quoted);
    let certain = |p: &Part| match p.kind {
        Kind::Defines => true,
        Kind::Executes => ["create", "alter", "drop"].contains(&first_word(p.text(inner)).as_str()),
        _ => false,
    };
    is_plpgsql && !definer && parts.iter().any(certain)
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
    ["select", "insert", "update", "delete", "with"].contains(&first_word(text).as_str())
}

/// The first word of the first constant in an expression whose text is executed.
fn first_word(expression: &str) -> String {
    let Ok(tokens) = Tokens::scan(expression) else { return String::new() };
    let first = (0..tokens.list.len()).find_map(|i| tokens.string_value(i)).unwrap_or_default();
    first.trim_start().chars().take_while(|c| c.is_ascii_alphabetic()).collect::<String>().to_lowercase()
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

/// A write to the server's own catalogs.
fn refuse_catalog(work: &Work<'_>, tokens: &Tokens<'_>, part: &Part) -> Result<(), Refuse> {
    let written = (part.first..part.end).find_map(|i| {
        let at = if tokens.is(i, "update") {
            i + 1
        } else if tokens.are(i, &["insert", "into"]) || tokens.are(i, &["delete", "from"]) {
            i + 2
        } else {
            return None;
        };
        tokens.qualified(if tokens.is(at, "only") { at + 1 } else { at })
    });
    written.map_or(Ok(()), |(name, _)| refuse_system_catalog(work.catalog, &name))
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
