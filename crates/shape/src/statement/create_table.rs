//! CREATE TABLE.

use pg_query::NodeEnum;
use pg_query::protobuf::{ColumnDef, ConstrType, Constraint, CreateStmt, Node, TableLikeClause};

use super::{Output, Work, column, constraint, inherit, like, once, partition, rls, temporary};
use crate::ast;
use crate::catalog::Table;
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::names;
use crate::refuse::Refuse;

/// Carries a CREATE TABLE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: CreateStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.relation.as_ref())?;
    if stmt.of_typename.is_some() {
        return Err(typed());
    }
    let global = work.is_global(&name);
    if work.catalog.relation_taken(&name, global) {
        if stmt.if_not_exists {
            return Ok(Output { shared: Vec::new(), plain: vec![work.plain_text(global)] });
        }
        return Err(Refuse::duplicate(format!("a relation {name}"), "give the table another name"));
    }
    if global {
        return global_table(work, stmt, &name);
    }
    if stmt.partbound.is_some() {
        return partition::create(work, stmt, &name);
    }
    tenants_table(work, stmt, &name)
}

/// The row of such a table is the type's row everywhere: functions that take the type take it, and `ALTER TYPE ... CASCADE`
/// changes it. With the tenant column it would be another row.
fn typed() -> Refuse {
    Refuse::all(
        "a table OF a type has the type's columns and no other, and in shared tables it needs the tenant column",
        "write its columns out, or CREATE TABLE ... (LIKE the type) beside the type",
    )
}

fn tenants_table(work: &mut Work<'_>, mut stmt: CreateStmt, name: &str) -> Result<Output, Refuse> {
    let plain = work.plain_text(false);
    if is_temporary(&stmt) {
        temporary::refuse_counters(&stmt)?;
    }
    let inherited = inherit::parents(work, &stmt)?;
    let Split { mut items, constraints, mut before, mut after } = split(work, &mut stmt, name)?;
    remember(work, name, &items, &stmt, &inherited)?;
    let like = like::Likes::of(work, &mut items)?;
    before.extend(like.make(work)?);
    let stand_ins = inherit::StandIns::of(work, work.table(name)?)?;
    let inherits_tenant = !inherited.is_empty() && stand_ins.are_none();
    let mut elements = columns(work, name, items, like.bring_tenant || inherits_tenant)?;
    let mut late = Vec::new();
    for c in in_server_order(constraints) {
        let carried = constraint::carry(work, name, c)?;
        before.extend(carried.before);
        after.extend(carried.after);
        if like.move_tenant {
            // The tenant column is made anew behind the others; keys that hold it have to wait.
            late.extend(like::added_later(work, name, carried.nodes, carried.reads)?);
        } else {
            elements.extend(carried.nodes.into_iter().map(|c| ast::node(NodeEnum::Constraint(Box::new(c)))));
        }
    }
    refuse_identity_in_key(work, name)?;
    let brought = like.finish(work, name)?;
    stmt.table_elts = elements;
    stmt.constraints.clear();
    let mut shared = before;
    shared.extend(stand_ins.make(work, &mut stmt)?);
    shared.push(emit::tree(&NodeEnum::CreateStmt(stmt), Scope::Database)?);
    shared.extend(stand_ins.replace(name)?);
    shared.extend(brought);
    shared.extend(late);
    shared.extend(after);
    shared.extend(rls::protect(work, name)?);
    shared.extend(tenant_index(work, name)?);
    Ok(Output { shared, plain: vec![plain] })
}

/// Rows find their partition before triggers give an identity its value.
fn refuse_identity_in_key(work: &Work<'_>, name: &str) -> Result<(), Refuse> {
    let table = work.table(name)?;
    let key = table.partitioned_by.as_deref().unwrap_or_default();
    match table.columns.iter().find(|c| c.identity.is_some() && key.contains(&c.name)) {
        Some(column) => Err(Refuse::shared(
            format!("table {name} is partitioned by its identity column {}", column.name),
            "make the column serial: its value is there before the row's partition is chosen",
        )),
        None => Ok(()),
    }
}

fn is_temporary(stmt: &CreateStmt) -> bool {
    stmt.relation.as_ref().is_some_and(|r| r.relpersistence == "t")
}

/// A table that belongs to no tenant: one copy in the schema `global`, the same in all shapes.
fn global_table(work: &mut Work<'_>, mut stmt: CreateStmt, name: &str) -> Result<Output, Refuse> {
    let plain_only = stmt.partspec.is_none() && stmt.partbound.is_none() && stmt.inh_relations.is_empty();
    let likes = stmt.table_elts.iter().any(|n| matches!(n.node, Some(NodeEnum::TableLikeClause(_))));
    if !plain_only || likes || is_temporary(&stmt) {
        return Err(Refuse::all(
            format!("the global table {name} is made from other tables, is temporary or has partitions"),
            "write its columns out, in one table",
        ));
    }
    let Split { items, constraints, .. } = split(work, &mut stmt.clone(), name)?;
    remember(work, name, &items, &stmt, &[])?;
    for c in in_server_order(constraints) {
        constraint::carry(work, name, c)?;
    }
    if let Some(relation) = stmt.relation.as_mut() {
        relation.schemaname = "global".to_owned();
    }
    let emitted = emit::tree(&NodeEnum::CreateStmt(stmt), Scope::Database)?;
    Ok(Output { shared: vec![emitted.clone()], plain: vec![emitted] })
}

/// A column, or columns taken from another relation.
pub(super) enum Item {
    Column(Box<column::Taken>),
    Like(TableLikeClause),
}

struct Split {
    items: Vec<Item>,
    constraints: Vec<Constraint>,
    before: Vec<Emitted>,
    after: Vec<Emitted>,
}

/// Takes the elements apart, in the order of the text.
fn split(work: &mut Work<'_>, stmt: &mut CreateStmt, name: &str) -> Result<Split, Refuse> {
    let mut out = Split { items: Vec::new(), constraints: Vec::new(), before: Vec::new(), after: Vec::new() };
    let elements = std::mem::take(&mut stmt.table_elts);
    for element in elements.into_iter().chain(std::mem::take(&mut stmt.constraints)) {
        match element.node {
            Some(NodeEnum::ColumnDef(def)) => {
                let mut taken = column::take(work, name, *def)?;
                out.constraints.append(&mut taken.constraints);
                out.before.append(&mut taken.before);
                out.after.append(&mut taken.after);
                out.items.push(Item::Column(Box::new(taken)));
            }
            Some(NodeEnum::Constraint(c)) => out.constraints.push(*c),
            Some(NodeEnum::TableLikeClause(like)) => out.items.push(Item::Like(like)),
            _ => {
                return Err(Refuse::all(
                    "an element of the table is not understood",
                    "write it in another way",
                ));
            }
        }
    }
    Ok(out)
}

/// Remembers the table with its columns, those of its parents first.
fn remember(
    work: &mut Work<'_>,
    name: &str,
    items: &[Item],
    stmt: &CreateStmt,
    parents: &[String],
) -> Result<(), Refuse> {
    let mut table = Table {
        name: name.to_owned(),
        global: work.is_global(name),
        temporary: is_temporary(stmt),
        inherits: parents.to_vec(),
        partitioned_by: partition::key_columns(stmt),
        ..Table::default()
    };
    inherit::take_from(work, &mut table)?;
    for item in items {
        match item {
            Item::Column(taken) => match table.columns.iter_mut().find(|c| c.name == taken.record.name) {
                Some(merged) => merged.clone_from(&taken.record),
                None => table.columns.push(taken.record.clone()),
            },
            Item::Like(clause) => table.columns.extend(like::columns(work, clause)?),
        }
    }
    work.catalog.tables.insert(name.to_owned(), table);
    Ok(())
}

/// The columns in order, the tenant column last; `brought`: it comes from another table.
fn columns(work: &Work<'_>, name: &str, items: Vec<Item>, brought: bool) -> Result<Vec<Node>, Refuse> {
    let tenant = &work.options.tenant_column;
    let mut own = brought;
    let mut nodes = Vec::with_capacity(items.len() + 1);
    for item in items {
        match item {
            Item::Column(mut taken) => {
                if &taken.record.name == tenant {
                    adopt(work, name, &mut taken)?;
                    own = true;
                }
                nodes.push(ast::node(NodeEnum::ColumnDef(Box::new(taken.def))));
            }
            Item::Like(clause) => {
                nodes.push(ast::node(NodeEnum::TableLikeClause(like::without_names(clause))))
            }
        }
    }
    if !own {
        nodes.push(ast::node(NodeEnum::ColumnDef(Box::new(tenant_column(work)?))));
    }
    Ok(nodes)
}

/// The tenant column as Tenantry writes it.
pub(crate) fn tenant_column(work: &Work<'_>) -> Result<ColumnDef, Refuse> {
    ast::parse_column(&format!(
        "{} {} NOT NULL DEFAULT {}",
        ident::quote(&work.options.tenant_column),
        work.options.tenant_type.sql(),
        work.options.current_tenant
    ))
}

/// A tenant column that the migrations wrote: it must have the type, and becomes NOT NULL with the default.
fn adopt(work: &Work<'_>, table: &str, taken: &mut column::Taken) -> Result<(), Refuse> {
    let model = tenant_column(work)?;
    let wanted = model.type_name.as_ref().and_then(|t| ast::names(&t.names).pop()).unwrap_or_default();
    if taken.record.type_name != wanted {
        return Err(Refuse::shared(
            format!(
                "table {table} has a column {} of type {} of its own, and the tenant column of that name has type {}",
                taken.record.name,
                taken.record.type_name,
                work.options.tenant_type.sql()
            ),
            "give Tenantry's column another name (isolation.tenant_column), or the type of yours (isolation.tenant_key)",
        ));
    }
    for node in model.constraints {
        let kind = |n: &pg_query::protobuf::Node| match &n.node {
            Some(NodeEnum::Constraint(c)) => Some(c.contype()),
            _ => None,
        };
        if !taken.def.constraints.iter().any(|n| kind(n) == kind(&node)) {
            taken.def.constraints.push(node);
        }
    }
    Ok(())
}

/// The order in which the server makes constraints, and so chooses names: checks, the primary key, the other
/// keys, foreign keys. Equal keys become one, which keeps a name that any of them has.
pub(super) fn in_server_order(constraints: Vec<Constraint>) -> Vec<Constraint> {
    let rank = |c: &Constraint| match c.contype() {
        ConstrType::ConstrPrimary => 1,
        ConstrType::ConstrUnique | ConstrType::ConstrExclusion => 2,
        ConstrType::ConstrForeign => 3,
        _ => 0,
    };
    let mut ordered = constraints;
    ordered.sort_by_key(rank);
    let mut merged: Vec<Constraint> = Vec::with_capacity(ordered.len());
    for c in ordered {
        match merged.iter_mut().find(|m| same_key(m, &c)) {
            Some(prior) if prior.conname.is_empty() => prior.conname = c.conname,
            Some(_) => {}
            None => merged.push(c),
        }
    }
    merged
}

fn same_key(a: &Constraint, b: &Constraint) -> bool {
    let is_key = |c: &Constraint| matches!(c.contype(), ConstrType::ConstrPrimary | ConstrType::ConstrUnique);
    is_key(a)
        && is_key(b)
        && ast::names(&a.keys) == ast::names(&b.keys)
        && ast::names(&a.including) == ast::names(&b.including)
        && (a.deferrable, a.initdeferred, a.nulls_not_distinct)
            == (b.deferrable, b.initdeferred, b.nulls_not_distinct)
}

/// Every shared table has an index that starts with the tenant column: a key, or else this one.
pub(super) fn tenant_index(work: &Work<'_>, name: &str) -> Result<Vec<Emitted>, Refuse> {
    if work.keyed(name)? { Ok(Vec::new()) } else { Ok(vec![index_on_tenant(work, name, "")?]) }
}

/// That index where it may be there already, on the partitions first: what they have is not made again.
pub(super) fn ensure_index_on_tenant(work: &Work<'_>, name: &str) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::new();
    for table in work.catalog.family(name).iter().rev() {
        if table == name || work.table(table)?.parent.is_some() {
            out.push(index_on_tenant(work, table, "IF NOT EXISTS ")?);
        }
    }
    Ok(out)
}

fn index_on_tenant(work: &Work<'_>, table: &str, condition: &str) -> Result<Emitted, Refuse> {
    let index = names::make_object_name(table, Some("tenantry"), "idx");
    once(format!(
        "CREATE INDEX {condition}{} ON {} ({})",
        ident::quote(&index),
        ident::quote(table),
        ident::quote(&work.options.tenant_column)
    ))
}
