//! CREATE FUNCTION and PROCEDURE: the body was rewritten with the text; here is what bodies may not hold, and
//! the search path of SECURITY DEFINER.

pub(crate) mod again;
pub(crate) mod body;
mod refresh;

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateFunctionStmt, Node};

use super::{Output, Work};
use crate::ast;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER, Scope};
use crate::plpgsql::{self, Noted};
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::Edits;

/// Carries a CREATE FUNCTION.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CreateFunctionStmt) -> Result<Output, Refuse> {
    let name = work.own_object(&ast::names(&stmt.funcname))?;
    let language =
        option(stmt, "language").and_then(|n| ast::option_text(Some(n))).unwrap_or_else(|| "sql".to_owned());
    if !matches!(language.to_lowercase().as_str(), "sql" | "plpgsql") {
        return Err(Refuse::all(
            format!("a function in the language {language} is not carried"),
            "write it in SQL or PL/pgSQL, or do its work in the application",
        ));
    }
    let pinned = is_pinned(stmt);
    let definer = option(stmt, "security").and_then(|n| ast::option_text(Some(n))).as_deref() == Some("true");
    let routine = body::routine(&work.shared)?;
    let helpers = if definer { refresh::Helpers::default() } else { refresh::carry(work, stmt)? };
    let (mut plain, mut shared) = (work.plain.clone(), work.shared.clone());
    if definer && !pinned {
        let pin = format!("{} ", search_path());
        plain = insert_before_body(&plain, &pin)?;
        shared = insert_before_body(&shared, &pin)?;
    }
    shared = body::carry(work, &shared)?;
    ast::parse_one(&plain)?;
    ast::parse_one(&shared)?;
    if routine.defines {
        work.notes.push(
            if definer {
                "the function makes definitions as its owner: in shared tables what it makes comes under row-level security, and it can't drop anything"
            } else {
                "the function makes definitions: it can be called in migrations; tenants' roles may not define anything"
            }
            .to_owned(),
        );
        if shared.contains(body::LOCK_REFUSED) {
            work.notes.push("its LOCK fails in shared tables, where it would stop every tenant".to_owned());
        }
        if language.eq_ignore_ascii_case("plpgsql") {
            let probe = plpgsql::probe(&plain, Noted::Definitions)?;
            work.shadow = probe.map(|sql| Emitted { sql, scope: Scope::Tenant, transactional: true });
        }
    }
    let truncates = body::routine(&plain)?.truncates;
    if truncates && let Some(table) = work.catalog.tables.values().find(|t| t.security.forced) {
        return Err(super::policy::truncated(&table.name, &name));
    }
    let known = work.catalog.functions.entry(name).or_default();
    known.defines |= routine.defines;
    // Of the text as written: in the shared shape it deletes.
    known.truncates |= truncates;
    known.writes |= routine.writes;
    known.ends |= routine.ends;
    if language.eq_ignore_ascii_case("plpgsql") {
        again::keep(work, stmt, (&plain, &shared))?;
    }
    let mut output = Output { shared: helpers.shared, plain: helpers.plain };
    output.shared.push(Emitted { sql: shared, scope: Scope::Database, transactional: true });
    output.plain.push(Emitted { sql: plain, scope: Scope::Tenant, transactional: true });
    Ok(output)
}

fn option<'s>(stmt: &'s CreateFunctionStmt, name: &str) -> Option<&'s Node> {
    stmt.options.iter().find_map(|o| match &o.node {
        Some(NodeEnum::DefElem(d)) if d.defname == name => d.arg.as_deref(),
        _ => None,
    })
}

/// Whether the function sets its own search path.
fn is_pinned(stmt: &CreateFunctionStmt) -> bool {
    stmt.options.iter().any(|o| match &o.node {
        Some(NodeEnum::DefElem(d)) => {
            matches!(d.arg.as_deref().and_then(|a| a.node.as_ref()), Some(NodeEnum::VariableSetStmt(v)) if v.name == "search_path")
        }
        _ => false,
    })
}

/// Pins the search path of a SECURITY DEFINER function: its caller must not choose what its names mean. pg_catalog comes first
/// by itself; named first, it would be where the function makes tables.
fn search_path() -> String {
    format!("SET search_path = {SCHEMA_PLACEHOLDER}, global, extensions, pg_temp")
}

/// Writes a clause of CREATE FUNCTION where the body begins.
fn insert_before_body(sql: &str, clause: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let at = match text::body(&tokens) {
        Some(body) => body.checked_sub(1),
        None => {
            (0..tokens.list.len()).find(|i| tokens.are(*i, &["begin", "atomic"]) || tokens.is(*i, "return"))
        }
    };
    let Some(token) = at.and_then(|i| tokens.list.get(i)) else {
        return Err(Refuse::all("the body of the function is not found", "write it AS $$ ... $$"));
    };
    let mut edits = Edits::default();
    edits.insert(token.range.start, clause);
    Ok(edits.apply(sql))
}
