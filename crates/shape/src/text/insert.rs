//! INSERT without a list of columns gets one: the tenant column stands among the table's columns.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use super::Scene;
use crate::catalog::Table;
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// One INSERT in a text.
pub(super) struct Insert<'c> {
    /// The table, where it is one of the tenants'.
    pub table: &'c Table,
    /// The token behind the table's name and alias.
    pub next: usize,
    /// The token that ends the statement.
    pub end: usize,
}

/// The INSERT statements on tenants' tables.
pub(super) fn inserts<'c>(tokens: &Tokens<'_>, scene: &Scene<'c>) -> Vec<Insert<'c>> {
    let mut found = Vec::new();
    for i in 0..tokens.list.len() {
        if !tokens.are(i, &["insert", "into"]) {
            continue;
        }
        let Some((parts, mut next)) = tokens.qualified(i + 2) else { continue };
        if tokens.is(next, "as") {
            next += 2;
        }
        let table = parts.last().and_then(|name| scene.catalog.tables.get(name));
        if let Some(table) = table.filter(|t| !t.global) {
            found.push(Insert { table, next, end: end_of(tokens, i) });
        }
    }
    found
}

/// The token that ends the statement which token `i` is in.
pub(crate) fn end_of(tokens: &Tokens<'_>, i: usize) -> usize {
    let mut depth = 0usize;
    for (at, t) in tokens.list.iter().enumerate().skip(i) {
        match t.symbol {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return at,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return at,
            _ => {}
        }
    }
    tokens.list.len()
}

/// Writes the lists out.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for insert in inserts(tokens, scene) {
        refuse_row(tokens, &insert)?;
        let mut source = insert.next;
        while tokens.symbol(source, '(') {
            source += 1;
        }
        let is_query = ["select", "values", "with", "table"].iter().any(|w| tokens.is(source, w));
        let overriding = tokens.is(insert.next, "overriding");
        if !overriding && !is_query {
            continue;
        }
        let start = if overriding { insert.next + 3 } else { insert.next };
        let count = value_count(tokens, start, insert.end).ok_or_else(|| {
            Refuse::shared(
                format!(
                    "INSERT INTO {} has no list of columns, and its values can't be counted",
                    insert.table.name
                ),
                "write the list of columns out",
            )
        })?;
        let columns: Vec<&str> = insert.table.columns.iter().map(|c| c.name.as_str()).take(count).collect();
        if columns.len() < count {
            return Err(Refuse::all(
                format!("INSERT INTO {} has more values than the table has columns", insert.table.name),
                "write the list of columns out",
            ));
        }
        let Some(at) = tokens.list.get(insert.next) else { continue };
        edits.insert(at.range.start, format!("({}) ", ident::quote_list(&columns)));
    }
    Ok(())
}

/// `NEW.*` among the values: the row of a trigger has the tenant column too, and not where the list would have it.
fn refuse_row(tokens: &Tokens<'_>, insert: &Insert<'_>) -> Result<(), Refuse> {
    for i in insert.next..insert.end {
        let word = tokens.is(i, "new") || tokens.is(i, "old");
        let bracketed = i > 0 && tokens.symbol(i - 1, '(') && tokens.symbol(i + 1, ')');
        let dot = if bracketed { i + 2 } else { i + 1 };
        let row = word && tokens.symbol(dot, '.') && tokens.symbol(dot + 1, '*');
        let argument = is_argument(tokens, if bracketed { i - 1 } else { i });
        if row && !argument {
            return Err(Refuse::shared(
                format!(
                    "INSERT INTO {} takes {}.*, which has the tenant column too",
                    insert.table.name,
                    tokens.written(i)
                ),
                format!("write its columns out: {0}.a, {0}.b", tokens.written(i)),
            ));
        }
    }
    Ok(())
}

/// Whether token `i` stands behind the bracket of a function: as its argument a row is one value.
pub(super) fn is_argument(tokens: &Tokens<'_>, i: usize) -> bool {
    i > 1
        && tokens.symbol(i - 1, '(')
        && tokens
            .list
            .get(i - 2)
            .is_some_and(|t| !t.name.is_empty() && !matches!(t.name.as_str(), "values" | "row" | "select"))
}

/// How many values each row has.
fn value_count(tokens: &Tokens<'_>, start: usize, end: usize) -> Option<usize> {
    let stop = (start..end)
        .find(|i| {
            depth_between(tokens, start, *i) == 0
                && (tokens.are(*i, &["on", "conflict"]) || tokens.is(*i, "returning"))
        })
        .unwrap_or(end);
    let from = tokens.list.get(start)?.range.start;
    let to = tokens.list.get(stop.checked_sub(1)?)?.range.end;
    let parsed = pg_query::parse(tokens.text.get(from..to)?, 0).ok()?;
    let stmt = parsed.protobuf.stmts.into_iter().next()?.stmt?.node?;
    let NodeEnum::SelectStmt(mut select) = stmt else { return None };
    while let Some(left) = select.larg.take() {
        select = left;
    }
    if let Some(Node { node: Some(NodeEnum::List(row)) }) = select.values_lists.first() {
        let has_star = row.items.iter().any(is_row);
        return (!has_star).then_some(row.items.len());
    }
    let has_star = select.target_list.iter().any(is_star);
    (!has_star).then_some(select.target_list.len())
}

fn is_star(target: &Node) -> bool {
    let Some(NodeEnum::ResTarget(target)) = &target.node else { return false };
    target.val.as_deref().is_some_and(is_row)
}

/// `r.*` or `(r).*` as a value.
fn is_row(value: &Node) -> bool {
    let parts = match &value.node {
        Some(NodeEnum::ColumnRef(column)) => &column.fields,
        Some(NodeEnum::AIndirection(a)) => &a.indirection,
        _ => return false,
    };
    matches!(parts.last(), Some(Node { node: Some(NodeEnum::AStar(_)) }))
}

fn depth_between(tokens: &Tokens<'_>, start: usize, i: usize) -> i32 {
    tokens.list[start..i].iter().fold(0, |depth, t| match t.symbol {
        '(' => depth + 1,
        ')' => depth - 1,
        _ => depth,
    })
}
