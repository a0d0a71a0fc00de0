//! CREATE TABLE.

use pg_query::NodeEnum;
use pg_query::protobuf::{ColumnDef, ConstrType, Constraint, CreateStmt};

use super::{Output, Work, column, constraint, once, rls};
use crate::ast;
use crate::catalog::Table;
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::names;
use crate::refuse::Refuse;

/// Carries a CREATE TABLE.
pub(crate) fn carry(work: &mut Work<'_>, mut stmt: CreateStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.relation.as_ref())?;
    refuse_kinds(&stmt)?;
    let global = work.is_global(&name);
    if work.catalog.relation_taken(&name, global) {
        if stmt.if_not_exists {
            return Ok(Output { shared: Vec::new(), plain: vec![work.plain_text(global)] });
        }
        return Err(Refuse::all(format!("a relation {name} exists already"), "give the table another name"));
    }
    if global {
        return global_table(work, stmt, &name);
    }
    let plain = work.plain_text(false);
    let Split { columns, constraints, mut before, after } = split(work, &mut stmt, &name)?;
    let defs: Vec<ColumnDef> = add_tenant_column(work, &name, columns)?;
    let mut elements: Vec<_> =
        defs.into_iter().map(|d| ast::node(NodeEnum::ColumnDef(Box::new(d)))).collect();
    for c in in_server_order(constraints) {
        let carried = constraint::carry(work, &name, c)?;
        before.extend(carried.before);
        elements.extend(carried.nodes.into_iter().map(|c| ast::node(NodeEnum::Constraint(Box::new(c)))));
    }
    stmt.table_elts = elements;
    stmt.constraints.clear();
    let mut shared = before;
    shared.push(emit::tree(&NodeEnum::CreateStmt(stmt), Scope::Database)?);
    shared.extend(after);
    shared.extend(rls::protect(work, &name)?);
    shared.extend(tenant_index(work, &name)?);
    Ok(Output { shared, plain: vec![plain] })
}

fn refuse_kinds(stmt: &CreateStmt) -> Result<(), Refuse> {
    let kind = if stmt.relation.as_ref().is_some_and(|r| r.relpersistence == "t") {
        (
            "a temporary table would be shared by the tenants of one run",
            "use a WITH query in the statement that reads it",
        )
    } else if stmt.partspec.is_some() || stmt.partbound.is_some() {
        ("a partitioned table is not carried yet", "use one table with an index on the partition key")
    } else if !stmt.inh_relations.is_empty() {
        ("a table that INHERITS is not carried", "write its columns out, and a view over both tables")
    } else if stmt.of_typename.is_some() {
        ("a table OF a type is not carried", "write its columns out")
    } else {
        return Ok(());
    };
    Err(Refuse::shared(kind.0, kind.1))
}

/// A table that belongs to no tenant: one copy in the schema `global`, the same in all shapes.
fn global_table(work: &mut Work<'_>, mut stmt: CreateStmt, name: &str) -> Result<Output, Refuse> {
    let Split { columns, constraints, .. } = split(work, &mut stmt.clone(), name)?;
    remember(work, name, &columns);
    for c in in_server_order(constraints) {
        constraint::carry(work, name, c)?;
    }
    if let Some(relation) = stmt.relation.as_mut() {
        relation.schemaname = "global".to_owned();
    }
    let emitted = emit::tree(&NodeEnum::CreateStmt(stmt), Scope::Database)?;
    Ok(Output { shared: vec![emitted.clone()], plain: vec![emitted] })
}

struct Split {
    columns: Vec<column::Taken>,
    constraints: Vec<Constraint>,
    before: Vec<Emitted>,
    after: Vec<Emitted>,
}

/// Takes the elements apart, in the order of the text.
fn split(work: &mut Work<'_>, stmt: &mut CreateStmt, name: &str) -> Result<Split, Refuse> {
    let mut out =
        Split { columns: Vec::new(), constraints: Vec::new(), before: Vec::new(), after: Vec::new() };
    let elements = std::mem::take(&mut stmt.table_elts);
    for element in elements.into_iter().chain(std::mem::take(&mut stmt.constraints)) {
        match element.node {
            Some(NodeEnum::ColumnDef(def)) => {
                let mut taken = column::take(work, name, *def)?;
                out.constraints.append(&mut taken.constraints);
                out.before.append(&mut taken.before);
                out.after.append(&mut taken.after);
                out.columns.push(taken);
            }
            Some(NodeEnum::Constraint(c)) => out.constraints.push(*c),
            Some(NodeEnum::TableLikeClause(_)) => {
                return Err(Refuse::shared("LIKE is not carried", "write the columns out"));
            }
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

fn remember(work: &mut Work<'_>, name: &str, columns: &[column::Taken]) {
    let table = Table {
        name: name.to_owned(),
        global: work.is_global(name),
        columns: columns.iter().map(|c| c.record.clone()).collect(),
        ..Table::default()
    };
    work.catalog.tables.insert(name.to_owned(), table);
}

/// Remembers the table and gives its columns, the tenant column last.
fn add_tenant_column(
    work: &mut Work<'_>,
    name: &str,
    columns: Vec<column::Taken>,
) -> Result<Vec<ColumnDef>, Refuse> {
    let tenant = work.options.tenant_column.clone();
    let own = columns.iter().any(|c| c.record.name == tenant);
    remember(work, name, &columns);
    let mut defs = Vec::with_capacity(columns.len() + 1);
    for mut taken in columns {
        if taken.record.name == tenant {
            adopt(work, name, &mut taken)?;
        }
        defs.push(taken.def);
    }
    if !own {
        defs.push(tenant_column(work)?);
    }
    Ok(defs)
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
fn in_server_order(constraints: Vec<Constraint>) -> Vec<Constraint> {
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
fn tenant_index(work: &Work<'_>, name: &str) -> Result<Option<Emitted>, Refuse> {
    let tenant = &work.options.tenant_column;
    let table = work.table(name)?;
    let covered = table.constraints.iter().any(|c| {
        matches!(c.kind, crate::catalog::ConstraintKind::Primary | crate::catalog::ConstraintKind::Unique)
            && work.prefixed(&c.columns).first() == Some(tenant)
    });
    if covered {
        return Ok(None);
    }
    let index = names::make_object_name(name, Some("tenantry"), "idx");
    let sql =
        format!("CREATE INDEX {} ON {} ({})", ident::quote(&index), ident::quote(name), ident::quote(tenant));
    once(sql).map(Some)
}
