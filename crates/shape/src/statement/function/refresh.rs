//! REFRESH MATERIALIZED VIEW in a function that runs with its caller's rights. Only an owner may refresh, and in one customer's
//! database the application is that, while a tenant's login owns nothing. A function that does nothing else becomes
//! SECURITY DEFINER; of one that does more, the REFRESH alone moves into a function of the owner's.

use super::{option, search_path};
use crate::ast;
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER, Scope};
use crate::names;
use crate::refuse::Refuse;
use crate::statement::Work;
use crate::text;
use crate::tokens::{Edits, Tokens};

use pg_query::protobuf::CreateFunctionStmt;

/// The functions that the one of this work calls to refresh; its own texts are changed in their places.
#[derive(Debug, Default)]
pub(super) struct Helpers {
    pub plain: Vec<Emitted>,
    pub shared: Vec<Emitted>,
}

/// A REFRESH in a body.
struct Refresh {
    first: usize,
    /// The token behind it.
    end: usize,
    view: String,
    concurrently: bool,
    empties: bool,
}

/// Has what the function refreshes done by the owner.
pub(super) fn carry(work: &mut Work<'_>, stmt: &CreateFunctionStmt) -> Result<Helpers, Refuse> {
    let tokens = text::scan(&work.plain)?;
    let Some(at) = text::body(&tokens) else { return Ok(Helpers::default()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let found = refreshes(&inner);
    if found.is_empty() {
        return Ok(Helpers::default());
    }
    if !super::is_pinned(stmt) && option(stmt, "security").is_none() && does_nothing_else(&inner, &found) {
        work.notes.push("the function refreshes as its owner, as nobody else may".to_owned());
        let text = format!("SECURITY DEFINER {} ", search_path());
        work.plain = super::insert_before_body(&work.plain, &text)?;
        work.shared = super::insert_before_body(&work.shared, &text)?;
        return Ok(Helpers::default());
    }
    let call = if is_plpgsql(&inner) { "PERFORM" } else { "SELECT" };
    let mut edits = Edits::default();
    let mut helpers = Helpers::default();
    for one in &found {
        let name = helper_name(one)?;
        let function = format!("{SCHEMA_PLACEHOLDER}.{}()", ident::quote(&name));
        let range = inner.list[one.first].range.start..inner.list[one.end - 1].range.end;
        edits.replace(range, format!("{call} {function}"));
        helpers.add(work, &function, one)?;
        work.catalog.functions.entry(name).or_default().writes = true;
    }
    let changed = edits.apply(&body);
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), text::requote(tokens.written(at), &changed));
    let plain = outer.apply(&work.plain);
    work.notes.push("what the function refreshes is refreshed by a function of the owner's".to_owned());
    work.shared = text::shared(&plain, work.catalog, work.options)?;
    work.plain = plain;
    Ok(helpers)
}

impl Helpers {
    fn add(&mut self, work: &Work<'_>, function: &str, refresh: &Refresh) -> Result<(), Refuse> {
        let body = format!(
            "BEGIN REFRESH MATERIALIZED VIEW {}{SCHEMA_PLACEHOLDER}.{}{}; END",
            if refresh.concurrently { "CONCURRENTLY " } else { "" },
            ident::quote(&refresh.view),
            if refresh.empties { " WITH NO DATA" } else { "" },
        );
        let sql = format!(
            "CREATE OR REPLACE FUNCTION {function} RETURNS void LANGUAGE plpgsql SECURITY DEFINER {} AS {}",
            search_path(),
            ident::literal(&body)
        );
        ast::parse_one(&sql)?;
        let shared = text::shared(&sql, work.catalog, work.options)?;
        self.plain.push(Emitted { sql, scope: Scope::Tenant, transactional: true });
        self.shared.push(Emitted { sql: shared, scope: Scope::Database, transactional: true });
        Ok(())
    }
}

/// Named after the view as the body names it: when that is renamed or dropped, both fail as the one did.
fn helper_name(refresh: &Refresh) -> Result<String, Refuse> {
    let what = match (refresh.empties, refresh.concurrently) {
        (true, _) => "empty",
        (false, true) => "refresh_concurrently",
        (false, false) => "refresh",
    };
    let name = format!("tenantry_{what}_{}", refresh.view);
    if name.len() > names::NAME_BYTES_MAX {
        return Err(Refuse::all(
            format!(
                "the name of the materialized view {} is too long to be refreshed by a function",
                refresh.view
            ),
            "shorten it to 35 bytes, or declare the function SECURITY DEFINER",
        ));
    }
    Ok(name)
}

fn refreshes(tokens: &Tokens<'_>) -> Vec<Refresh> {
    (0..tokens.list.len())
        .filter(|i| {
            crate::plpgsql::begins(tokens, *i) && tokens.are(*i, &["refresh", "materialized", "view"])
        })
        .filter_map(|first| {
            let concurrently = tokens.is(first + 3, "concurrently");
            let (mut parts, mut end) = tokens.qualified(first + if concurrently { 4 } else { 3 })?;
            let empties = tokens.are(end, &["with", "no", "data"]);
            end += if empties { 3 } else { 0 };
            end += if tokens.are(end, &["with", "data"]) { 2 } else { 0 };
            Some(Refresh { first, end, view: parts.pop()?, concurrently, empties })
        })
        .collect()
}

fn is_plpgsql(tokens: &Tokens<'_>) -> bool {
    tokens.list.iter().any(|t| t.name == "begin" && !t.is_quoted)
}

/// Whether all that the body does beside is said without an expression that could run something: BEGIN, END, NULL, RETURN of
/// a constant or of a trigger's row, and EXCEPTION WHEN.
fn does_nothing_else(tokens: &Tokens<'_>, found: &[Refresh]) -> bool {
    const WORDS: [&str; 12] =
        ["begin", "end", "null", "return", "new", "old", "true", "false", "exception", "when", "then", "or"];
    let names_condition = |i: usize| {
        i > 0
            && (tokens.is(i - 1, "when") || tokens.is(i - 1, "or"))
            && (tokens.is(i + 1, "then") || tokens.is(i + 1, "or"))
    };
    (0..tokens.list.len()).all(|i| {
        let token = &tokens.list[i];
        found.iter().any(|f| (f.first..f.end).contains(&i))
            || token.symbol == ';'
            || !token.is_quoted && WORDS.contains(&token.name.as_str())
            || !token.is_quoted && !token.name.is_empty() && names_condition(i)
    })
}
