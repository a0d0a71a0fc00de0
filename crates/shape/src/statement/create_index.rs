//! CREATE INDEX: btree indexes get the tenant column first, unique ones must.

use pg_query::NodeEnum;
use pg_query::protobuf::{IndexElem, IndexStmt, Node};

use super::{Output, Work};
use crate::ast;
use crate::catalog::Index;
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::names;
use crate::refuse::Refuse;

/// Carries a CREATE INDEX.
pub(crate) fn carry(work: &mut Work<'_>, mut stmt: IndexStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    if let Some(view) = work.catalog.views.get(&table)
        && view.materialized
    {
        return Err(Refuse::shared(
            "an index on a materialized view is not carried",
            "use a table that the application fills",
        ));
    }
    let global = work.table(&table)?.global;
    let elements: Vec<IndexElem> =
        stmt.index_params.iter().chain(&stmt.index_including_params).filter_map(element).collect();
    let name = if stmt.idxname.is_empty() {
        let origins: Vec<String> = elements.iter().map(element_name).collect();
        let addition = names::addition(&names::index_columns(&origins));
        names::choose(&table, Some(&addition), "idx", |n| work.catalog.relation_taken(n, global))
    } else {
        stmt.idxname.clone()
    };
    if work.catalog.relation_taken(&name, global) {
        if stmt.if_not_exists {
            return Ok(Output { shared: Vec::new(), plain: vec![work.plain_text(global)] });
        }
        return Err(Refuse::all(format!("a relation {name} exists already"), "give the index another name"));
    }
    let columns: Vec<String> = elements.iter().flat_map(element_columns).collect();
    let partial: Vec<String> = stmt.where_clause.as_deref().map(ast::columns_read).unwrap_or_default();
    remember(work, &table, &name, stmt.unique, columns.iter().chain(&partial).cloned().collect());
    let plain = Emitted { transactional: !stmt.concurrent, ..work.plain_text(global) };
    let tenant = work.options.tenant_column.clone();
    if global {
        let shared =
            Emitted { sql: work.shared.clone(), scope: Scope::Database, transactional: !stmt.concurrent };
        return Ok(Output { shared: vec![shared], plain: vec![plain] });
    }
    stmt.idxname = name;
    let ordered = matches!(stmt.access_method.as_str(), "" | "btree");
    if stmt.unique && !ordered {
        return Err(Refuse::all("only a btree index can be unique", "leave out USING"));
    }
    if ordered && !columns.contains(&tenant) {
        stmt.index_params.insert(0, ast::parse_index_element(&ident::quote(&tenant))?);
    }
    let transactional = !stmt.concurrent;
    let shared = emit::tree(&NodeEnum::IndexStmt(Box::new(stmt)), Scope::Database)?;
    Ok(Output { shared: vec![Emitted { transactional, ..shared }], plain: vec![plain] })
}

fn remember(work: &mut Work<'_>, table: &str, name: &str, unique: bool, columns: Vec<String>) {
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.indexes.push(Index { name: name.to_owned(), unique, columns, of_constraint: false });
    }
}

fn element(n: &Node) -> Option<IndexElem> {
    match n.node.as_ref()? {
        NodeEnum::IndexElem(e) => Some((**e).clone()),
        _ => None,
    }
}

/// What the server calls an element when it names the index.
pub(crate) fn element_name(e: &IndexElem) -> String {
    if !e.indexcolname.is_empty() {
        return e.indexcolname.clone();
    }
    if !e.name.is_empty() {
        return e.name.clone();
    }
    e.expr.as_deref().and_then(names::of_expression).unwrap_or_else(|| "expr".to_owned())
}

/// The columns that an element reads.
pub(crate) fn element_columns(e: &IndexElem) -> Vec<String> {
    match e.expr.as_deref() {
        Some(expression) => ast::columns_read(expression),
        None => vec![e.name.clone()],
    }
}
