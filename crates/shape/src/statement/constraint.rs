//! Constraints: the name that the server would choose, the key in the shared shape, and what to remember.

mod foreign;
mod on_update;

pub(crate) use on_update::rename as rename_update_trigger;

use pg_query::NodeEnum;
use pg_query::protobuf::{ConstrType, Constraint, Node};

use super::{Work, once};
use crate::ast;
use crate::catalog::{self, ConstraintKind, Definition, Index};
use crate::ident;
use crate::model::Emitted;
use crate::names;
use crate::refuse::Refuse;

/// A constraint as the shared shape has it.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// What must exist before.
    pub before: Vec<Emitted>,
    /// The constraint, and what goes with it.
    pub nodes: Vec<Constraint>,
    /// A table under row-level security whose rows the check of existing data reads.
    pub reads: Option<String>,
    /// What must follow.
    pub after: Vec<Emitted>,
}

/// Names a table constraint, remembers it and gives its form in the shared shape.
///
/// `table` is in the catalog already, with its columns.
pub(crate) fn carry(work: &mut Work<'_>, table: &str, constraint: Constraint) -> Result<Carried, Refuse> {
    match constraint.contype() {
        ConstrType::ConstrPrimary | ConstrType::ConstrUnique if !constraint.indexname.is_empty() => {
            using_index(work, table, constraint)
        }
        ConstrType::ConstrPrimary | ConstrType::ConstrUnique => key(work, table, constraint),
        ConstrType::ConstrExclusion => exclusion(work, table, constraint),
        ConstrType::ConstrCheck => check(work, table, constraint),
        ConstrType::ConstrForeign => foreign::carry(work, table, constraint),
        ConstrType::ConstrNotnull => Ok(Carried { nodes: vec![constraint], ..Carried::default() }),
        other => Err(Refuse::all(
            format!("the table constraint {} is not understood", other.as_str_name()),
            "write it in another way",
        )),
    }
}

/// Makes a key once more, on another table, under the name that the server would choose; `of_parent`: as a part of it.
pub(crate) fn again(
    work: &mut Work<'_>,
    table: &str,
    c: &Constraint,
    model: &Index,
    of_parent: bool,
) -> Result<Vec<Emitted>, Refuse> {
    let (columns, label) = match c.contype() {
        ConstrType::ConstrPrimary => (None, "pkey"),
        ConstrType::ConstrUnique => (Some(model.column_names.as_slice()), "key"),
        _ => (Some(model.column_names.as_slice()), "excl"),
    };
    let name = index_name(work, table, columns, label);
    let carried = carry(work, table, Constraint { conname: name.clone(), ..c.clone() })?;
    if let Some(t) = work.catalog.tables.get_mut(table) {
        let of = of_parent.then(|| model.name.clone());
        t.constraints.iter_mut().filter(|c| c.name == name).for_each(|c| c.of_parent.clone_from(&of));
        for index in t.indexes.iter_mut().filter(|i| i.name == name) {
            index.of_parent.clone_from(&of);
            index.column_names.clone_from(&model.column_names);
        }
    }
    let mut out = carried.before;
    for node in carried.nodes {
        out.push(super::alter_table::add_to(table, node)?);
    }
    out.extend(carried.after);
    Ok(out)
}

fn global(work: &Work<'_>, table: &str) -> bool {
    work.is_global(table)
}

/// A name for an index of this table, as the server chooses it.
fn index_name(work: &Work<'_>, table: &str, columns: Option<&[String]>, label: &str) -> String {
    let global = global(work, table);
    let addition = columns.map(names::addition);
    names::choose(table, addition.as_deref(), label, |n| {
        work.catalog.relation_taken(n, global) || work.catalog.constraint_taken(n, global)
    })
}

/// A name for a constraint of this table without an index, as the server chooses it.
fn constraint_name(work: &Work<'_>, table: &str, addition: Option<&str>, label: &str) -> String {
    let global = global(work, table);
    names::choose(table, addition, label, |n| work.catalog.constraint_taken(n, global))
}

fn remember(
    work: &mut Work<'_>,
    table: &str,
    record: catalog::Constraint,
    index: Option<Index>,
) -> Result<(), Refuse> {
    if work.catalog.constraint_taken(&record.name, global(work, table))
        && work.table(table)?.constraint(&record.name).is_some()
    {
        return Err(Refuse::duplicate(
            format!("the constraint {} of table {table}", record.name),
            "give it another name",
        ));
    }
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.constraints.push(record);
        t.indexes.extend(index);
    }
    Ok(())
}

fn require_columns(work: &Work<'_>, table: &str, columns: &[String]) -> Result<(), Refuse> {
    let t = work.table(table)?;
    match columns.iter().find(|c| t.column(c).is_none()) {
        Some(missing) => Err(Refuse::unknown(format!("column {missing} of table {table}"))),
        None => Ok(()),
    }
}

fn key(work: &mut Work<'_>, table: &str, mut c: Constraint) -> Result<Carried, Refuse> {
    let primary = c.contype() == ConstrType::ConstrPrimary;
    let columns = ast::names(&c.keys);
    let including = ast::names(&c.including);
    require_columns(work, table, &columns)?;
    require_columns(work, table, &including)?;
    let mut name = c.conname.clone();
    if name.is_empty() {
        name = if primary {
            index_name(work, table, None, "pkey")
        } else {
            let all: Vec<String> = columns.iter().chain(&including).cloned().collect();
            index_name(work, table, Some(&names::index_columns(&all)), "key")
        };
        // The server names an unnamed primary key by the table alone, tenant column or not.
        if !primary {
            c.conname.clone_from(&name);
        }
    }
    let kind = if primary { ConstraintKind::Primary } else { ConstraintKind::Unique };
    let all: Vec<String> = columns.iter().chain(&including).cloned().collect();
    let index = Index {
        name: name.clone(),
        column_names: names::index_columns(&all),
        columns: all,
        of_constraint: true,
        definition: Definition::of_constraint(&c),
        of_parent: None,
    };
    remember(work, table, catalog::Constraint::new(&name, kind, columns.clone()), Some(index))?;
    let mut before = Vec::new();
    if c.without_overlaps {
        before.push(btree_gist()?);
    }
    c.keys = ast::name_nodes(&work.prefixed(&columns));
    Ok(Carried { before, nodes: vec![c], ..Carried::default() })
}

fn using_index(work: &mut Work<'_>, table: &str, c: Constraint) -> Result<Carried, Refuse> {
    let Some(t) = work.catalog.tables.get_mut(table) else { return Ok(Carried::default()) };
    let Some(index) = t.indexes.iter_mut().find(|i| i.name == c.indexname) else {
        return Err(Refuse::unknown(format!("index {} of table {table}", c.indexname)));
    };
    let name = if c.conname.is_empty() { c.indexname.clone() } else { c.conname.clone() };
    index.name.clone_from(&name);
    index.of_constraint = true;
    let columns = index.columns.clone();
    let kind = match c.contype() {
        ConstrType::ConstrPrimary => ConstraintKind::Primary,
        _ => ConstraintKind::Unique,
    };
    index.definition = using_definition(&index.definition, c.contype());
    t.constraints.push(catalog::Constraint::new(&name, kind, columns));
    Ok(Carried { nodes: vec![c], ..Carried::default() })
}

/// The key that an index has become.
fn using_definition(index: &Definition, contype: ConstrType) -> Definition {
    let Definition::Index(index) = index else { return index.clone() };
    let names = |elements: &[Node]| -> Vec<Node> {
        let name = |n: &Node| match &n.node {
            Some(NodeEnum::IndexElem(e)) => Some(ast::name_node(&e.name)),
            _ => None,
        };
        elements.iter().filter_map(name).collect()
    };
    let model = ast::parse_constraint(if contype == ConstrType::ConstrPrimary {
        "PRIMARY KEY (a)"
    } else {
        "UNIQUE (a)"
    });
    match model {
        Ok(model) => Definition::of_constraint(&Constraint {
            keys: names(&index.index_params),
            including: names(&index.index_including_params),
            nulls_not_distinct: index.nulls_not_distinct,
            ..model
        }),
        Err(_) => Definition::Index(index.clone()),
    }
}

fn check(work: &mut Work<'_>, table: &str, mut c: Constraint) -> Result<Carried, Refuse> {
    let columns = c.raw_expr.as_deref().map(ast::columns_read).unwrap_or_default();
    if c.conname.is_empty() {
        let only = if let [column] = columns.as_slice() { Some(column.as_str()) } else { None };
        c.conname = constraint_name(work, table, only, "check");
    }
    let record = catalog::Constraint::new(&c.conname, ConstraintKind::Check, columns);
    remember(work, table, record.clone(), None)?;
    if !c.is_no_inherit {
        work.catalog.pass_on(table, &record);
    }
    Ok(Carried { nodes: vec![c], ..Carried::default() })
}

fn exclusion(work: &mut Work<'_>, table: &str, mut c: Constraint) -> Result<Carried, Refuse> {
    let mut origins = Vec::new();
    let mut plain_columns = Vec::new();
    for pair in &c.exclusions {
        let Some(NodeEnum::List(pair)) = pair.node.as_ref() else { continue };
        let Some(Node { node: Some(NodeEnum::IndexElem(element)) }) = pair.items.first() else { continue };
        origins.push(super::create_index::element_name(element));
        plain_columns.extend(super::create_index::element_columns(element));
    }
    if c.conname.is_empty() {
        c.conname = index_name(work, table, Some(&names::index_columns(&origins)), "excl");
    }
    let record = catalog::Constraint::new(&c.conname, ConstraintKind::Exclude, plain_columns.clone());
    let index = Index {
        name: c.conname.clone(),
        column_names: names::index_columns(&origins),
        columns: plain_columns.clone(),
        of_constraint: true,
        definition: Definition::of_constraint(&c),
        of_parent: None,
    };
    remember(work, table, record, Some(index))?;
    let tenant = &work.options.tenant_column;
    let mut before = Vec::new();
    if !plain_columns.contains(tenant) {
        let model = ast::parse_constraint(&format!("EXCLUDE USING gist ({} WITH =)", ident::quote(tenant)))?;
        c.exclusions.splice(0..0, model.exclusions);
        if c.access_method == "gist" {
            before.push(btree_gist()?);
        }
    }
    Ok(Carried { before, nodes: vec![c], ..Carried::default() })
}

/// Equality of scalars in a GiST index needs this extension.
fn btree_gist() -> Result<Emitted, Refuse> {
    once("CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions")
}
