//! A block whose only definitions are temporary tables of its own: they belong to the tenant that it runs for, and go
//! before it runs for the next one.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ObjectType, RangeVar};

use crate::ast;
use crate::catalog::Catalog;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::plpgsql::Block;
use crate::refuse::Refuse;
use crate::statement::{Output, Work};
use crate::text;
use crate::tokens::{Edits, Tokens};

/// The names of the temporary tables of a block that defines nothing else.
pub(super) fn only(block: &Block, catalog: &Catalog) -> Option<Vec<String>> {
    let (mut names, mut dropped): (Vec<String>, Vec<String>) = Default::default();
    for sql in &block.defines {
        let own = |r: Option<&RangeVar>| r.is_some_and(|r| names.contains(&r.relname));
        match ast::parse_one(sql).ok()? {
            NodeEnum::CreateStmt(s) => names.push(temporary(s.relation.as_ref())?),
            NodeEnum::CreateTableAsStmt(s) => names.push(temporary(s.into.as_ref()?.rel.as_ref())?),
            NodeEnum::IndexStmt(s) if own(s.relation.as_ref()) => {}
            NodeEnum::AlterTableStmt(s) if own(s.relation.as_ref()) => {}
            NodeEnum::VacuumStmt(s) if !s.rels.is_empty() && s.rels.iter().all(|r| own(relation(r))) => {}
            NodeEnum::DropStmt(s) if s.remove_type() == ObjectType::ObjectTable => {
                let objects = s.objects.iter().map(|o| match &o.node {
                    Some(NodeEnum::List(list)) => ast::names(&list.items).pop(),
                    _ => None,
                });
                // Perhaps before it is made: what is left from an earlier run.
                dropped.extend(objects.collect::<Option<Vec<_>>>()?);
            }
            _ => return None,
        }
    }
    names.sort();
    names.dedup();
    // A table of the same name would be meant outside of the block, and stands in its texts for another one.
    let is_taken = |name: &String| catalog.tables.contains_key(name) || catalog.views.contains_key(name);
    let own = !names.is_empty() && dropped.iter().all(|name| names.contains(name));
    (own && !names.iter().any(is_taken) && !super::defines_unseen(block, catalog)).then_some(names)
}

fn temporary(relation: Option<&RangeVar>) -> Option<String> {
    let relation = relation?;
    (relation.relpersistence == "t" || relation.schemaname == "pg_temp").then(|| relation.relname.clone())
}

fn relation(n: &Node) -> Option<&RangeVar> {
    match &n.node {
        Some(NodeEnum::VacuumRelation(v)) => v.relation.as_ref(),
        _ => None,
    }
}

/// As it is written, once per tenant, without what an earlier run has left.
pub(super) fn rows(work: &mut Work<'_>, names: &[String]) -> Result<Output, Refuse> {
    if let Some(name) = names.iter().find(|name| is_named_later(work, name)) {
        return Err(Refuse::all(
            format!("the DO block makes the temporary table {name} for statements behind it"),
            "make it with CREATE TEMPORARY TABLE as a statement of the migration, before the block",
        ));
    }
    let list: Vec<String> = names.iter().map(|n| format!("pg_temp.{}", ident::quote(n))).collect();
    let drop = format!("DROP TABLE IF EXISTS {}", list.join(", "));
    let mut output = super::rows(work)?;
    for emitted in &mut output.shared {
        emitted.sql = with_first(&emitted.sql, &drop)?;
    }
    let end = |scope| Emitted { sql: drop.clone(), scope, transactional: true };
    output.add(Output { shared: vec![end(Scope::Database)], plain: vec![end(Scope::Tenant)] });
    Ok(output)
}

fn is_named_later(work: &Work<'_>, name: &str) -> bool {
    work.later.iter().any(|piece| {
        let Ok(tokens) = Tokens::scan(piece.text) else { return false };
        let body = text::body(&tokens).and_then(|at| tokens.string_value(at)).unwrap_or_default();
        let inside = Tokens::scan(&body);
        // Another block that makes a table of this name has one of its own.
        let makes = inside.as_ref().is_ok_and(|inner| {
            let named = |i: usize| inner.list.get(i).is_some_and(|t| t.name == name);
            (0..inner.list.len()).any(|i| inner.is(i, "table") && (named(i + 1) || named(i + 4)))
        });
        let names = |tokens: &Tokens<'_>| tokens.list.iter().any(|t| t.name == name);
        names(&tokens) || !makes && inside.as_ref().is_ok_and(names)
    })
}

/// The block with a statement before its first one.
fn with_first(sql: &str, statement: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let unread = || Refuse::all("the DO block can't be read", "write its statements out");
    let at = text::body(&tokens).ok_or_else(unread)?;
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let begin = (0..inner.list.len()).find(|i| inner.is(*i, "begin")).ok_or_else(unread)?;
    let mut edits = Edits::default();
    edits.insert(inner.list[begin].range.end, format!(" {statement};"));
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), text::requote(tokens.written(at), &edits.apply(&body)));
    Ok(outer.apply(sql))
}
