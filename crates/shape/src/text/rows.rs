//! Rows of tables in bodies: variables of a table's type, and functions that return its rows. In the shared shape the row
//! has the tenant column too, at whatever place. What takes it apart is written out, and so is what fills it by position: the
//! fields one by one, in the order of the plain row, and then the tenant. Where that can't be said, it is refused.

use std::collections::BTreeMap;

use super::Scene;
use super::insert::{end_of, is_argument};
use crate::catalog::Table;
use crate::ident;
use crate::plpgsql;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Goes through a body.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    casts(tokens, scene)?;
    if !scene.in_body {
        return Ok(());
    }
    let rows = declared(tokens, scene);
    for i in 0..tokens.list.len() {
        filled(tokens, i, (&rows, scene), edits)?;
        if tokens.are(i, &["insert", "into"]) {
            written_out(tokens, i, &rows, edits);
        }
        if let Some(table) = scene.returned {
            returned(tokens, i, (table, scene), edits)?;
        }
    }
    match scene.returned {
        Some(table) if !tokens.list.iter().any(|t| t.name == "begin" && !t.is_quoted) => last(tokens, table),
        _ => Ok(()),
    }
}

/// The tenants' table of this name, whose rows differ from those of the plain shape.
pub(super) fn differs<'c>(scene: &Scene<'c>, name: &str) -> Option<&'c Table> {
    let tenant = &scene.options.tenant_column;
    let table = scene.catalog.tables.get(name).filter(|t| !t.global)?;
    (!table.columns.iter().any(|c| &c.name == tenant)).then_some(table)
}

/// Variables declared as rows of tables.
fn declared<'c>(tokens: &Tokens<'_>, scene: &Scene<'c>) -> BTreeMap<String, &'c Table> {
    let mut found = BTreeMap::new();
    for i in 0..tokens.list.len() {
        let starts = i > 0 && (tokens.is(i - 1, "declare") || tokens.symbol(i - 1, ';'));
        let name = &tokens.list[i].name;
        let at = if tokens.is(i + 1, "constant") { i + 2 } else { i + 1 };
        let Some((parts, end)) = tokens.qualified(at).filter(|_| starts && !name.is_empty()) else {
            continue;
        };
        let row = tokens.symbol(end, '%') && tokens.is(end + 1, "rowtype");
        let ends = tokens.symbol(end, ';') || tokens.written(end) == ":=" || tokens.symbol(end, '=');
        let table = parts.last().and_then(|name| differs(scene, name));
        if let Some(table) = table.filter(|_| row || ends || tokens.is(end, "default")) {
            found.insert(name.clone(), table);
        }
    }
    found
}

/// A variable that token `i` fills by position.
fn filled(
    tokens: &Tokens<'_>,
    i: usize,
    (rows, scene): (&BTreeMap<String, &Table>, &Scene<'_>),
    edits: &mut Edits,
) -> Result<(), Refuse> {
    let row = |at: usize| rows.get_key_value(&tokens.list.get(at)?.name);
    let refuse = |(name, table): (&String, &&Table)| {
        Refuse::shared(
            format!("{name} is filled by position, and a row of {} has the tenant column too", table.name),
            format!("fill it with SELECT *, or name its fields: INTO {name}.a, {name}.b"),
        )
    };
    let assigned = tokens.written(i + 1) == ":=" || tokens.symbol(i + 1, '=') && plpgsql::begins(tokens, i);
    if let Some(found) = row(i).filter(|_| assigned && is_list(tokens, i + 2)) {
        return Err(refuse(found));
    }
    if tokens.is(i, "into") && i > 0 && !tokens.is(i - 1, "insert") && !tokens.is(i - 1, "merge") {
        let at = if tokens.is(i + 1, "strict") { i + 2 } else { i + 1 };
        let whole = !tokens.symbol(at + 1, '.') && !tokens.symbol(at + 1, ',');
        let Some(found) = row(at).filter(|_| whole) else { return Ok(()) };
        let start = back(tokens, i);
        if !yields_whole(tokens, start) {
            if start.is_none_or(|start| is_unclear(tokens, start)) {
                return Err(refuse(found));
            }
            let end = end_of(tokens, i);
            let (Some(row), Some(stop)) = (tokens.list.get(at), tokens.list.get(end)) else {
                return Err(refuse(found));
            };
            let (name, table) = (ident::quote(found.0), *found.1);
            edits.replace(row.range.clone(), fields(&name, table));
            edits.insert(stop.range.end, format!(" {}", tenant_of(&name, table, scene)));
        }
        return Ok(());
    }
    if tokens.is(i, "for") && tokens.is(i + 2, "in") {
        let Some(found) = row(i + 1) else { return Ok(()) };
        let query = ["select", "with", "execute"].iter().any(|w| tokens.is(i + 3, w));
        let start = if tokens.is(i + 3, "with") { forward(tokens, i + 3) } else { Some(i + 3) };
        return if !query || yields_whole(tokens, start) { Ok(()) } else { Err(refuse(found)) };
    }
    Ok(())
}

/// Whether which columns come from `start` on can't be seen: a text put together while the body runs, or a star beside others,
/// which may be those of a table with the tenant's.
fn is_unclear(tokens: &Tokens<'_>, start: usize) -> bool {
    let end = end_of(tokens, start);
    if tokens.is(start, "execute") {
        let behind = ["into", "using"].iter().any(|w| tokens.is(start + 2, w)) || start + 2 >= end;
        return tokens.string_value(start + 1).is_none() || !behind;
    }
    let mut depth = 0usize;
    (start..end).any(|at| {
        match tokens.list[at].symbol {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let item = at > 0
            && (tokens.symbol(at - 1, ',') || tokens.symbol(at - 1, '.') || tokens.is(at - 1, "select"));
        depth == 0 && tokens.symbol(at, '*') && item
    })
}

/// `r.a, r.b`: a row without its tenant.
fn fields(row: &str, table: &Table) -> String {
    let each: Vec<String> =
        table.columns.iter().map(|c| format!("{row}.{}", ident::quote(&c.name))).collect();
    each.join(", ")
}

/// The statement that gives a row its tenant. A row of nothing has none, so that it is as NULL as in the plain shape. An
/// expression as simple as this one leaves FOUND and ROW_COUNT as they are.
fn tenant_of(row: &str, table: &Table, scene: &Scene<'_>) -> String {
    let (tenant, is_me) = (ident::quote(&scene.options.tenant_column), &scene.options.current_tenant);
    let fields = fields(row, table);
    format!("{row}.{tenant} := CASE WHEN num_nonnulls({fields}) > 0 THEN {is_me} END;")
}

/// The word before token `i` that begins the list whose values go into a variable.
fn back(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..i).rev() {
        match tokens.list[at].symbol {
            ')' => depth += 1,
            '(' => depth = depth.checked_sub(1)?,
            ';' if depth == 0 => return None,
            _ => {}
        }
        if depth == 0 && ["select", "returning", "execute", "fetch"].iter().any(|w| tokens.is(at, w)) {
            return Some(at);
        }
    }
    None
}

/// The SELECT behind WITH.
fn forward(tokens: &Tokens<'_>, i: usize) -> Option<usize> {
    let mut at = i;
    while at < end_of(tokens, i) {
        if tokens.is(at, "select") {
            return Some(at);
        }
        at = if tokens.symbol(at, '(') { tokens.closing(at)? + 1 } else { at + 1 };
    }
    None
}

/// Whether what begins at `start` yields a row with all its columns, as far as can be seen.
fn yields_whole(tokens: &Tokens<'_>, start: Option<usize>) -> bool {
    let Some(start) = start else { return true };
    if tokens.is(start, "fetch") {
        return true;
    }
    if tokens.is(start, "execute") {
        let texts: Vec<String> =
            (start..end_of(tokens, start)).filter_map(|i| tokens.string_value(i)).collect();
        return texts.is_empty() || texts.concat().contains('*');
    }
    let mut at = start + 1;
    if tokens.is(at, "all") || tokens.is(at, "distinct") {
        at += 1;
    }
    if tokens.is(at, "on") {
        at = tokens.closing(at + 1).map_or(at, |close| close + 1);
    }
    let behind = tokens.closing(at).filter(|_| tokens.symbol(at, '(')).map_or(at, |close| close + 1);
    tokens.star(at).is_some() || tokens.symbol(behind, '.') && tokens.symbol(behind + 1, '*')
}

/// `RETURN QUERY` of listed columns, which becomes a loop that fills a row by its fields; and `RETURN (a, b)`, refused.
fn returned(
    tokens: &Tokens<'_>,
    i: usize,
    (table, scene): (&Table, &Scene<'_>),
    edits: &mut Edits,
) -> Result<(), Refuse> {
    if !tokens.is(i, "return") {
        return Ok(());
    }
    let next = i + 2;
    let query = tokens.is(i + 1, "query");
    let by_position = if query && tokens.is(next, "select") {
        !yields_whole(tokens, Some(next))
    } else if query && tokens.is(next, "with") {
        !yields_whole(tokens, forward(tokens, next))
    } else if query && tokens.is(next, "execute") {
        !yields_whole(tokens, Some(next)) && !is_unclear(tokens, next)
    } else if query {
        let returning = (next..end_of(tokens, next)).rev().find(|at| tokens.is(*at, "returning"));
        returning.is_some_and(|at| !yields_whole(tokens, Some(at)))
    } else {
        is_list(tokens, if tokens.is(i + 1, "next") { next } else { i + 1 })
    };
    if !by_position {
        return Ok(());
    }
    let end = end_of(tokens, i);
    let counts = tokens.list.iter().any(|t| t.name == "row_count") || is_unclear(tokens, next);
    let (Some(stop), Some(word)) = (tokens.list.get(end), tokens.list.get(i + 1)) else {
        return Err(refuse_returned(table));
    };
    if !query || counts {
        return Err(refuse_returned(table));
    }
    let row = "tenantry_row";
    let begin = format!("DECLARE {row} {}; BEGIN FOR {} IN", ident::quote(&table.name), fields(row, table));
    edits.replace(tokens.list[i].range.start..word.range.end, begin);
    let (tenant, is_me) = (ident::quote(&scene.options.tenant_column), &scene.options.current_tenant);
    let each = format!(" LOOP {row}.{tenant} := {is_me}; RETURN NEXT {row}; END LOOP; END;");
    edits.replace(stop.range.clone(), each);
    Ok(())
}

/// The last statement of a body in SQL: its result is the function's.
fn last(tokens: &Tokens<'_>, table: &Table) -> Result<(), Refuse> {
    let count = tokens.list.len();
    let behind = if count > 0 && tokens.symbol(count - 1, ';') { count - 1 } else { count };
    let start = (0..behind).rev().find(|at| tokens.symbol(*at, ';')).map_or(0, |at| at + 1);
    let list = if tokens.is(start, "select") {
        Some(start)
    } else if tokens.is(start, "with") {
        forward(tokens, start)
    } else {
        (start..behind).rev().find(|at| tokens.is(*at, "returning"))
    };
    // One value may be the whole row.
    let several = |from: usize| {
        let mut depth = 0usize;
        (from..behind).take_while(|at| !tokens.is(*at, "from")).any(|at| {
            match tokens.list[at].symbol {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && tokens.symbol(at, ',')
        })
    };
    match list {
        Some(at) if several(at) && !yields_whole(tokens, list) => Err(refuse_returned(table)),
        _ => Ok(()),
    }
}

fn refuse_returned(table: &Table) -> Refuse {
    Refuse::shared(
        format!("the function returns rows of {} by position, which have the tenant column too", table.name),
        "select the whole row (SELECT t.*), or write RETURNS TABLE (...) with the columns",
    )
}

/// `ROW(a, b)` or `(a, b)` at this token.
fn is_list(tokens: &Tokens<'_>, at: usize) -> bool {
    let open = if tokens.is(at, "row") { at + 1 } else { at };
    let Some(close) = tokens.closing(open).filter(|_| tokens.symbol(open, '(')) else { return false };
    if tokens.is(open + 1, "select") || tokens.is(open + 1, "with") {
        return false;
    }
    let mut depth = 0usize;
    let mut commas = false;
    for i in open + 1..close {
        match tokens.list[i].symbol {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => commas = true,
            _ => {}
        }
    }
    let ends =
        tokens.symbol(close + 1, ';') || tokens.written(close + 1) == "::" || close + 1 >= tokens.list.len();
    ends && (commas || open > at)
}

/// `ROW(a, b)::table`.
fn casts(tokens: &Tokens<'_>, scene: &Scene<'_>) -> Result<(), Refuse> {
    for i in 0..tokens.list.len() {
        let open = if tokens.is(i, "row") { i + 1 } else { i };
        if !tokens.symbol(open, '(') || !is_list(tokens, i) {
            continue;
        }
        let Some(close) = tokens.closing(open).filter(|c| tokens.written(c + 1) == "::") else { continue };
        let named = tokens.qualified(close + 2).and_then(|(parts, _)| parts.last().cloned());
        if let Some(table) = named.and_then(|name| differs(scene, &name)) {
            return Err(Refuse::shared(
                format!(
                    "values are made a row of {} by position, which has the tenant column too",
                    table.name
                ),
                format!("write jsonb_populate_record(NULL::{}, ...) with names", ident::quote(&table.name)),
            ));
        }
    }
    Ok(())
}

/// `INSERT ... r.*`: the fields one by one.
fn written_out(tokens: &Tokens<'_>, insert: usize, rows: &BTreeMap<String, &Table>, edits: &mut Edits) {
    for i in insert..end_of(tokens, insert) {
        let Some((name, table)) = tokens.list.get(i).and_then(|t| rows.get_key_value(&t.name)) else {
            continue;
        };
        let bracketed = i > 0 && tokens.symbol(i - 1, '(') && tokens.symbol(i + 1, ')');
        let (first, dot) = if bracketed && tokens.symbol(i + 2, '.') { (i - 1, i + 2) } else { (i, i + 1) };
        let star = tokens.symbol(dot, '.') && tokens.symbol(dot + 1, '*');
        if !star || is_argument(tokens, first) || tokens.symbol(i.wrapping_sub(1), '.') {
            continue;
        }
        let fields: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{}.{}", ident::quote(name), ident::quote(&c.name)))
            .collect();
        edits.replace(tokens.list[first].range.start..tokens.list[dot + 1].range.end, fields.join(", "));
    }
}
