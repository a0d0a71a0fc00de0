//! CREATE INDEX: btree indexes get the tenant column first, unique ones must.

use pg_query::NodeEnum;
use pg_query::protobuf::{IndexElem, IndexStmt, Node};

use super::{Output, Work, partition};
use crate::ast;
use crate::catalog::{Definition, Index};
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::names;
use crate::refuse::Refuse;

/// Carries a CREATE INDEX.
pub(crate) fn carry(work: &mut Work<'_>, mut stmt: IndexStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    let global = work.table(&table)?.global;
    let transactional = !stmt.concurrent;
    let plain = Emitted { transactional, ..work.plain_text(global) };
    if stmt.if_not_exists && work.catalog.relation_taken(&stmt.idxname, global) {
        work.notes.push(format!("a relation {} is there: the index is left out", stmt.idxname));
        return Ok(Output { shared: Vec::new(), plain: vec![plain] });
    }
    if stmt.unique && !is_ordered(&stmt) {
        return Err(Refuse::all("only a btree index can be unique", "leave out USING"));
    }
    let column_names = column_names(&stmt);
    name(work, &table, &mut stmt, &column_names)?;
    remember(work, &table, &stmt, &column_names, None);
    if global {
        let shared = Emitted { sql: work.shared.clone(), scope: Scope::Database, transactional };
        return Ok(Output { shared: vec![shared], plain: vec![plain] });
    }
    let mut shared = Vec::new();
    if stmt.relation.as_ref().is_some_and(|r| r.inh) {
        let index = index_named(work, &table, &stmt.idxname)?;
        partition::add_below(work, &table, &index, &mut shared)?;
    }
    prefix(work, &mut stmt)?;
    shared.push(Emitted {
        transactional,
        ..emit::tree(&NodeEnum::IndexStmt(Box::new(stmt)), Scope::Database)?
    });
    Ok(Output { shared, plain: vec![plain] })
}

/// Makes an index once more, on another table; `of_parent`: as a part of it.
pub(crate) fn again(
    work: &mut Work<'_>,
    table: &str,
    stmt: &IndexStmt,
    model: &Index,
    of_parent: bool,
) -> Result<Emitted, Refuse> {
    let mut stmt = stmt.clone();
    stmt.idxname.clear();
    stmt.relation = Some(ast::relation(table));
    name(work, table, &mut stmt, &model.column_names)?;
    remember(work, table, &stmt, &model.column_names, of_parent.then_some(&model.name));
    prefix(work, &mut stmt)?;
    emit::tree(&NodeEnum::IndexStmt(Box::new(stmt)), Scope::Database)
}

/// A copy of what the catalog holds of an index.
pub(crate) fn index_named(work: &Work<'_>, table: &str, name: &str) -> Result<Index, Refuse> {
    let found = work.table(table)?.indexes.iter().find(|i| i.name == name);
    found.cloned().ok_or_else(|| Refuse::unknown(format!("index {name} of table {table}")))
}

/// Gives an index the name that the server would choose, or makes sure that its own is free.
fn name(work: &Work<'_>, table: &str, stmt: &mut IndexStmt, columns: &[String]) -> Result<(), Refuse> {
    let global = work.table(table)?.global;
    if stmt.idxname.is_empty() {
        let addition = names::addition(columns);
        stmt.idxname =
            names::choose(table, Some(&addition), "idx", |n| work.catalog.relation_taken(n, global));
    }
    if work.catalog.relation_taken(&stmt.idxname, global) {
        return Err(Refuse::duplicate(format!("a relation {}", stmt.idxname), "give the index another name"));
    }
    Ok(())
}

/// What the server calls the columns of an index.
fn column_names(stmt: &IndexStmt) -> Vec<String> {
    let origins: Vec<String> = elements(stmt).iter().map(element_name).collect();
    names::index_columns(&origins)
}

/// Puts the tenant column first.
fn prefix(work: &Work<'_>, stmt: &mut IndexStmt) -> Result<(), Refuse> {
    let tenant = &work.options.tenant_column;
    let columns = elements(stmt).iter().flat_map(element_columns).collect::<Vec<_>>();
    if is_ordered(stmt) && !columns.contains(tenant) {
        stmt.index_params.insert(0, ast::parse_index_element(&ident::quote(tenant))?);
    }
    Ok(())
}

fn is_ordered(stmt: &IndexStmt) -> bool {
    matches!(stmt.access_method.as_str(), "" | "btree")
}

fn elements(stmt: &IndexStmt) -> Vec<IndexElem> {
    stmt.index_params.iter().chain(&stmt.index_including_params).filter_map(element).collect()
}

fn remember(
    work: &mut Work<'_>,
    table: &str,
    stmt: &IndexStmt,
    column_names: &[String],
    of_parent: Option<&String>,
) {
    let mut columns: Vec<String> = elements(stmt).iter().flat_map(element_columns).collect();
    columns.extend(stmt.where_clause.as_deref().map(ast::columns_read).unwrap_or_default());
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.indexes.push(Index {
            name: stmt.idxname.clone(),
            columns,
            of_constraint: false,
            column_names: column_names.to_vec(),
            definition: Definition::of_index(stmt),
            of_parent: of_parent.cloned(),
        });
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
