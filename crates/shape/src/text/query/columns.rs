//! Which columns a query or a part of its FROM clause has, as the plain shape sees them.

use serde_json::Value;

use crate::catalog::{Catalog, Table};

/// The queries that WITH names, innermost last; without columns where they can't be worked out.
#[derive(Clone, Debug, Default)]
pub(in crate::text) struct Scope(Vec<(String, Option<Vec<String>>)>);

/// A column of a FROM clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visible {
    /// The name of its table; empty for a column that a join merged.
    pub qualifier: String,
    pub name: String,
}

/// The scope inside of this part of the tree.
pub(in crate::text) fn cte_scope(json: &Value, scope: &Scope, catalog: &Catalog) -> Scope {
    let mut inner = scope.clone();
    let ctes = json.pointer("/with_clause/ctes").and_then(Value::as_array);
    for cte in ctes.into_iter().flatten() {
        let Some(cte) = cte.pointer("/node/CommonTableExpr") else { continue };
        let name = text(cte, "ctename").to_owned();
        let query = cte.pointer("/ctequery/node/SelectStmt");
        let columns = query.and_then(|q| of_query(q, &inner, catalog));
        inner.0.push((name, renamed(columns, &strings(cte.get("aliascolnames")))));
    }
    inner
}

/// The columns of a query's result.
pub(super) fn of_query(query: &Value, scope: &Scope, catalog: &Catalog) -> Option<Vec<String>> {
    let scope = &cte_scope(query, scope, catalog);
    if let Some(left) = query.get("larg").filter(|l| l.is_object()) {
        return of_query(left, scope, catalog);
    }
    if let Some(row) = query.pointer("/values_lists/0/node/List/items").and_then(Value::as_array) {
        return Some((1..=row.len()).map(|i| format!("column{i}")).collect());
    }
    let mut names = Vec::new();
    for target in query.get("target_list")?.as_array()? {
        let target = target.pointer("/node/ResTarget")?;
        if let Some(qualifier) = star_of(target) {
            names.extend(of_star(query, qualifier, scope, catalog)?.into_iter().map(|v| v.name));
            continue;
        }
        let written = text(target, "name");
        if written.is_empty() {
            names.push(implied_name(target.get("val")?)?);
        } else {
            names.push(written.to_owned());
        }
    }
    Some(names)
}

/// For `*`: an empty qualifier; for `t.*`: t.
pub(super) fn star_of(target: &Value) -> Option<String> {
    let fields = target.pointer("/val/node/ColumnRef/fields")?.as_array()?;
    fields.last()?.pointer("/node/AStar")?;
    let before = fields.len().checked_sub(2).and_then(|i| fields.get(i));
    Some(
        before
            .and_then(|f| f.pointer("/node/String/sval"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    )
}

/// The columns that a star of this query stands for.
pub(super) fn of_star(
    query: &Value,
    qualifier: String,
    scope: &Scope,
    catalog: &Catalog,
) -> Option<Vec<Visible>> {
    let mut out = Vec::new();
    for item in query.get("from_clause")?.as_array()? {
        if qualifier.is_empty() {
            out.extend(of_item(item, scope, catalog)?);
        } else if let Some(found) = find_item(item, &qualifier) {
            return of_item(found, scope, catalog);
        }
    }
    qualifier.is_empty().then_some(out)
}

/// The item of this name, also inside joins.
fn find_item<'v>(item: &'v Value, qualifier: &str) -> Option<&'v Value> {
    if let Some(join) = item.pointer("/node/JoinExpr") {
        return ["larg", "rarg"]
            .iter()
            .filter_map(|side| join.get(side))
            .find_map(|side| find_item(side, qualifier));
    }
    (name_of(item)? == qualifier).then_some(item)
}

/// What the item is called in the query.
pub(super) fn name_of(item: &Value) -> Option<&str> {
    let (_, content) = item.get("node")?.as_object()?.iter().next()?;
    let alias = content.pointer("/alias/aliasname").and_then(Value::as_str);
    alias.or_else(|| content.get("relname").and_then(Value::as_str))
}

fn of_item(item: &Value, scope: &Scope, catalog: &Catalog) -> Option<Vec<Visible>> {
    let (kind, content) = item.get("node")?.as_object()?.iter().next()?;
    let aliases = strings(content.pointer("/alias/colnames"));
    let columns = match kind.as_str() {
        "JoinExpr" => return of_join(content, scope, catalog),
        "RangeVar" => of_relation(text(content, "relname"), scope, catalog),
        "RangeSubselect" => of_query(content.pointer("/subquery/node/SelectStmt")?, scope, catalog),
        _ if !aliases.is_empty() => Some(Vec::new()),
        _ => None,
    };
    let qualifier = name_of(item)?.to_owned();
    let columns = renamed(columns, &aliases)?;
    Some(columns.into_iter().map(|name| Visible { qualifier: qualifier.clone(), name }).collect())
}

fn of_relation(name: &str, scope: &Scope, catalog: &Catalog) -> Option<Vec<String>> {
    if let Some((_, columns)) = scope.0.iter().rev().find(|(cte, _)| cte == name) {
        return columns.clone();
    }
    if let Some(table) = catalog.tables.get(name) {
        return Some(table.columns.iter().map(|c| c.name.clone()).collect());
    }
    catalog.views.get(name).map(|v| v.columns.clone()).filter(|c| !c.is_empty())
}

fn of_join(join: &Value, scope: &Scope, catalog: &Catalog) -> Option<Vec<Visible>> {
    if join.get("alias").is_some_and(Value::is_object) {
        return None;
    }
    let left = of_item(join.get("larg")?, scope, catalog)?;
    let right = of_item(join.get("rarg")?, scope, catalog)?;
    let mut merged = strings(join.get("using_clause"));
    if join.get("is_natural").and_then(Value::as_bool) == Some(true) {
        merged =
            left.iter().filter(|l| right.iter().any(|r| r.name == l.name)).map(|l| l.name.clone()).collect();
    }
    let mut out: Vec<Visible> =
        merged.iter().map(|name| Visible { qualifier: String::new(), name: name.clone() }).collect();
    out.extend(left.into_iter().chain(right).filter(|v| !merged.contains(&v.name)));
    Some(out)
}

/// The tenants' tables of a FROM clause, by the name they have there.
pub(super) fn tables<'c>(query: &Value, scope: &Scope, catalog: &'c Catalog) -> Vec<(String, &'c Table)> {
    let mut out = Vec::new();
    for item in query.get("from_clause").and_then(Value::as_array).into_iter().flatten() {
        collect_tables(item, scope, catalog, &mut out);
    }
    out
}

fn collect_tables<'c>(item: &Value, scope: &Scope, catalog: &'c Catalog, out: &mut Vec<(String, &'c Table)>) {
    if let Some(join) = item.pointer("/node/JoinExpr") {
        for side in ["larg", "rarg"].iter().filter_map(|side| join.get(side)) {
            collect_tables(side, scope, catalog, out);
        }
        return;
    }
    let Some(relation) = item.pointer("/node/RangeVar") else { return };
    let name = text(relation, "relname");
    if scope.0.iter().any(|(cte, _)| cte == name) {
        return;
    }
    if let (Some(table), Some(called)) = (catalog.tables.get(name).filter(|t| !t.global), name_of(item)) {
        out.push((called.to_owned(), table));
    }
}

/// Whether a star over this query could show a tenants' table.
pub(super) fn may_show_tenants(query: &Value) -> bool {
    query.get("from_clause").and_then(Value::as_array).is_some_and(|f| !f.is_empty())
}

fn renamed(columns: Option<Vec<String>>, aliases: &[String]) -> Option<Vec<String>> {
    let mut columns = columns?;
    for (i, alias) in aliases.iter().enumerate() {
        match columns.get_mut(i) {
            Some(column) => column.clone_from(alias),
            None => columns.push(alias.clone()),
        }
    }
    Some(columns)
}

/// The name that the server gives to a column without one.
fn implied_name(value: &Value) -> Option<String> {
    let kind = value.get("node")?.as_object()?.keys().next()?;
    if matches!(kind.as_str(), "SqlvalueFunction" | "XmlExpr" | "XmlSerialize" | "MergeSupportFunc") {
        return None;
    }
    Some(figure(value).map_or_else(|| "?column?".to_owned(), |(name, _)| name))
}

/// The name and whether it is a strong one: a column's or a function's, rather than a type that the value is cast to.
fn figure(value: &Value) -> Option<(String, bool)> {
    let (kind, content) = value.get("node")?.as_object()?.iter().next()?;
    let strong = |name: &str| Some((name.to_owned(), true));
    let strings = |key: &str| strings(content.get(key)).pop();
    match kind.as_str() {
        "ColumnRef" => strings("fields").map(|n| (n, true)),
        "FuncCall" => strings("funcname").map(|n| (n, true)),
        "AIndirection" => strings("indirection").map(|n| (n, true)).or_else(|| figure(content.get("arg")?)),
        "CollateClause" => figure(content.get("arg")?),
        "TypeCast" => match figure(content.get("arg")?) {
            Some((name, true)) => Some((name, true)),
            weak => self::strings(content.pointer("/type_name/names")).pop().map(|n| (n, false)).or(weak),
        },
        "CaseExpr" => match content.get("defresult").and_then(figure) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        "CoalesceExpr" => strong("coalesce"),
        "RowExpr" => strong("row"),
        "AArrayExpr" => strong("array"),
        "GroupingFunc" => strong("grouping"),
        "AExpr" if content.get("kind").and_then(Value::as_i64) == Some(i64::from(NULLIF)) => strong("nullif"),
        "MinMaxExpr" if content.get("op").and_then(Value::as_i64) == Some(i64::from(GREATEST)) => {
            strong("greatest")
        }
        "MinMaxExpr" => strong("least"),
        "SubLink" => of_sublink(content),
        _ => None,
    }
}

const NULLIF: i32 = pg_query::protobuf::AExprKind::AexprNullif as i32;
const GREATEST: i32 = pg_query::protobuf::MinMaxOp::IsGreatest as i32;
const EXISTS: i32 = pg_query::protobuf::SubLinkType::ExistsSublink as i32;
const ARRAY: i32 = pg_query::protobuf::SubLinkType::ArraySublink as i32;
const EXPRESSION: i32 = pg_query::protobuf::SubLinkType::ExprSublink as i32;

fn of_sublink(content: &Value) -> Option<(String, bool)> {
    let kind = content.get("sub_link_type").and_then(Value::as_i64)?;
    if kind == i64::from(EXISTS) {
        return Some(("exists".to_owned(), true));
    }
    if kind == i64::from(ARRAY) {
        return Some(("array".to_owned(), true));
    }
    if kind != i64::from(EXPRESSION) {
        return None;
    }
    let target = content.pointer("/subselect/node/SelectStmt/target_list/0/node/ResTarget")?;
    match text(target, "name") {
        "" => figure(target.get("val")?),
        name => Some((name.to_owned(), true)),
    }
}

pub(super) fn text<'v>(json: &'v Value, key: &str) -> &'v str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn strings(json: Option<&Value>) -> Vec<String> {
    let list = json.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|n| n.pointer("/node/String/sval"))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
