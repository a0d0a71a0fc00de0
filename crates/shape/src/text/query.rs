//! Queries: `SELECT *` where its columns count, and GROUP BY a key that became composite.

mod columns;
mod fragments;
mod group_by;
mod star;

use serde_json::Value;

use super::Scene;
use crate::catalog::Catalog;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

pub(super) use columns::{Scope, cte_scope};

/// Extends GROUP BY, and writes stars out where a column more would do harm: in views, in INSERT ... SELECT,
/// and in what a function returns.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    if !tokens.list.iter().any(|t| t.symbol == '*' || t.name == "group") {
        return Ok(());
    }
    if let Ok(parsed) = pg_query::parse(tokens.text, 0) {
        let json = serde_json::to_value(&parsed.protobuf).unwrap_or_default();
        let mut found = Vec::new();
        visit(&json, &Scope::default(), scene, false, &mut found);
        let all = scene.in_body && !scene.returns_rows
            || tokens.is(0, "create")
            || tokens.are(0, &["alter", "policy"]);
        let insert = tokens.list.iter().any(|t| t.name == "insert" && !t.is_quoted);
        return rewrite((tokens, 0), scene, &found, all || insert, edits);
    }
    for fragment in fragments::of(tokens) {
        let Ok(parsed) = pg_query::parse(&fragment.sql, 0) else {
            if fragment.groups {
                return Err(Refuse::shared(
                    "a query with GROUP BY in the body can't be read",
                    "write it as one SELECT ending with a semicolon, or group by every column selected",
                ));
            }
            continue;
        };
        let json = serde_json::to_value(&parsed.protobuf).unwrap_or_default();
        let mut found = Vec::new();
        visit(&json, &Scope::default(), scene, false, &mut found);
        let expand = fragment.inserts || fragment.returned && !scene.returns_rows;
        rewrite((tokens, fragment.start), scene, &found, expand, edits)?;
    }
    Ok(())
}

/// A query with the names that WITH gives it.
pub(super) struct Query<'v> {
    pub json: &'v Value,
    pub scope: Scope,
    /// It stands under EXISTS, where its columns are not looked at.
    pub unread: bool,
}

fn rewrite(
    (tokens, offset): (&Tokens<'_>, usize),
    scene: &Scene<'_>,
    found: &[Query<'_>],
    expand: bool,
    edits: &mut Edits,
) -> Result<(), Refuse> {
    for query in found {
        group_by::extend(query, offset, scene, edits);
        if expand && !query.unread {
            star::expand(query, (tokens, offset), scene.catalog, edits)?;
        }
    }
    Ok(())
}

/// Collects every query of a tree.
fn visit<'v>(json: &'v Value, scope: &Scope, scene: &Scene<'_>, unread: bool, found: &mut Vec<Query<'v>>) {
    match json {
        Value::Object(map) => {
            let inner = cte_scope(json, scope, scene.catalog);
            let is_query = map.contains_key("from_clause") && map.contains_key("group_clause");
            if is_query {
                found.push(Query { json, scope: inner.clone(), unread });
            }
            let exists = map.get("sub_link_type").and_then(Value::as_i64) == Some(1);
            for value in map.values() {
                visit(value, &inner, scene, if is_query { false } else { unread || exists }, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|v| visit(v, scope, scene, unread, found)),
        _ => {}
    }
}

/// The names of the columns of the query in a CREATE VIEW; none where they can't be worked out.
pub(crate) fn view_columns(text: &str, catalog: &Catalog) -> Option<Vec<String>> {
    let parsed = pg_query::parse(text, 0).ok()?;
    let json = serde_json::to_value(&parsed.protobuf).ok()?;
    let query = json.pointer("/stmts/0/stmt/node/ViewStmt/query/node/SelectStmt")?;
    columns::of_query(query, &Scope::default(), catalog)
}

/// The same for the query of a CREATE TABLE AS or CREATE MATERIALIZED VIEW.
pub(crate) fn query_columns(text: &str, catalog: &Catalog) -> Option<Vec<String>> {
    let parsed = pg_query::parse(text, 0).ok()?;
    let json = serde_json::to_value(&parsed.protobuf).ok()?;
    let stmt = json.pointer("/stmts/0/stmt/node")?;
    let query =
        ["/CreateTableAsStmt/query/node/SelectStmt", "/SelectStmt"].iter().find_map(|p| stmt.pointer(p))?;
    columns::of_query(query, &Scope::default(), catalog)
}
