//! Partitions. In the shared shape a partition is made as a table of its own, with the indexes that it is to have under
//! the names of a plain run, and then attached: the server takes what fits and makes nothing under names of its own.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, ConstrType, Constraint, CreateStmt, PartitionBoundSpec, PartitionCmd, TableLikeClause,
};

use super::{Output, Work, column, constraint, create_index, create_table, identity, once, rls};
use crate::ast;
use crate::catalog::{ConstraintKind, Definition, Index, Table};
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;

/// What a partition has from its parent when it is made, as LIKE calls it: compression, checks, defaults, generated
/// columns, storage.
const FROM_PARENT: u32 = 2 | 4 | 8 | 16 | 256;

/// The columns that a partition key reads.
pub(super) fn key_columns(stmt: &CreateStmt) -> Option<Vec<String>> {
    let spec = stmt.partspec.as_ref()?;
    let mut columns = Vec::new();
    for param in &spec.part_params {
        if let Some(NodeEnum::PartitionElem(e)) = &param.node {
            match e.expr.as_deref() {
                Some(expression) => columns.extend(ast::columns_read(expression)),
                None => columns.push(e.name.clone()),
            }
        }
    }
    Some(columns)
}

/// Carries CREATE TABLE ... PARTITION OF.
pub(super) fn create(work: &mut Work<'_>, mut stmt: CreateStmt, name: &str) -> Result<Output, Refuse> {
    let parent = stmt.inh_relations.first().map(ast::qualified_name).unwrap_or_default();
    let parent = work.own_object(&parent)?;
    partitioned(work, &parent)?;
    let plain = work.plain_text(false);
    let Some(bound) = stmt.partbound.take() else { return Err(not_partitioned(&parent)) };
    let mut before = Vec::new();
    let mut columns = Vec::new();
    let mut own = Vec::new();
    let elements = std::mem::take(&mut stmt.table_elts);
    remember(work, &parent, name, &stmt)?;
    let clones = clones(work, &parent, name)?;
    for element in elements.into_iter().chain(std::mem::take(&mut stmt.constraints)) {
        match element.node {
            Some(NodeEnum::ColumnDef(def)) => {
                let mut taken = column::take(work, name, *def)?;
                own.append(&mut taken.constraints);
                columns.extend(column_options(name, &taken)?);
            }
            Some(NodeEnum::Constraint(c)) => own.push(*c),
            _ => return Err(Refuse::all("an element of the partition is not understood", "take it out")),
        }
    }
    let like =
        TableLikeClause { relation: Some(ast::relation(&parent)), options: FROM_PARENT, relation_oid: 0 };
    stmt.table_elts = vec![ast::node(NodeEnum::TableLikeClause(like))];
    stmt.inh_relations.clear();
    for c in create_table::in_server_order(own) {
        let carried = constraint::carry(work, name, c)?;
        before.extend(carried.before);
        columns.extend(carried.after);
        let nodes = carried.nodes.into_iter().map(|c| ast::node(NodeEnum::Constraint(Box::new(c))));
        stmt.table_elts.extend(nodes);
    }
    let mut shared = before;
    shared.push(emit::tree(&NodeEnum::CreateStmt(stmt), Scope::Database)?);
    shared.extend(columns);
    shared.extend(clones);
    shared.extend(tenant_index_for(work, &parent, name)?);
    let attach = attach_statement(&parent, name, bound)?;
    // The partition's own security comes last: the server checks its foreign keys by queries of the owner's.
    shared.extend(rls::unforced(&targets(work, &parent)?, vec![attach])?);
    shared.extend(rls::protect(work, name)?);
    Ok(Output { shared, plain: vec![plain] })
}

fn partitioned<'w>(work: &'w Work<'_>, parent: &str) -> Result<&'w Table, Refuse> {
    let table = work.table(parent)?;
    if table.global {
        return Err(Refuse::all(
            format!("the global table {parent} has partitions"),
            "make it one table: what all tenants only read is seldom large",
        ));
    }
    if !table.is_partitioned() {
        return Err(not_partitioned(parent));
    }
    Ok(table)
}

fn not_partitioned(parent: &str) -> Refuse {
    Refuse::all(
        format!("table {parent} is not partitioned"),
        format!("write PARTITION BY where {parent} is made"),
    )
}

/// Remembers a partition with what it has from its parent, indexes apart.
fn remember(work: &mut Work<'_>, parent: &str, name: &str, stmt: &CreateStmt) -> Result<(), Refuse> {
    let from = work.table(parent)?;
    let inherited = from.constraints.iter().filter(|c| !has_index(&c.kind));
    let table = Table {
        name: name.to_owned(),
        columns: from
            .columns
            .iter()
            .map(|c| crate::catalog::Column { identity: None, ..c.clone() })
            .collect(),
        constraints: inherited
            .map(|c| crate::catalog::Constraint { of_parent: Some(c.name.clone()), ..c.clone() })
            .collect(),
        parent: Some(parent.to_owned()),
        partitioned_by: key_columns(stmt),
        ..Table::default()
    };
    work.catalog.tables.insert(name.to_owned(), table);
    Ok(())
}

const fn has_index(kind: &ConstraintKind) -> bool {
    matches!(kind, ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclude)
}

/// The indexes of the parent, once more for a partition; what it has already is taken.
fn clones(work: &mut Work<'_>, parent: &str, name: &str) -> Result<Vec<Emitted>, Refuse> {
    let indexes = work.table(parent)?.indexes.clone();
    let mut out = Vec::new();
    for index in &indexes {
        one_below(work, name, index, &mut out)?;
    }
    Ok(out)
}

/// Makes the index of a partitioned table in each of its partitions, theirs first.
pub(super) fn add_below(
    work: &mut Work<'_>,
    table: &str,
    index: &Index,
    out: &mut Vec<Emitted>,
) -> Result<(), Refuse> {
    for child in work.catalog.partitions(table) {
        one_below(work, &child, index, out)?;
    }
    Ok(())
}

fn one_below(work: &mut Work<'_>, child: &str, index: &Index, out: &mut Vec<Emitted>) -> Result<(), Refuse> {
    if take_fitting(work, child, &index.name, &index.definition) {
        return Ok(());
    }
    let made = match &index.definition {
        Definition::Index(stmt) => vec![create_index::again(work, child, stmt, index, true)?],
        Definition::Constraint(c) => constraint::again(work, child, c, index, true)?,
    };
    if let Some(own) = work.table(child)?.indexes.last().cloned() {
        add_below(work, child, &own, out)?;
    }
    out.extend(made);
    Ok(())
}

/// Marks an index that the partition has already as part of its parent's.
fn take_fitting(work: &mut Work<'_>, child: &str, of: &str, definition: &Definition) -> bool {
    let Some(t) = work.catalog.tables.get_mut(child) else { return false };
    let free = t.indexes.iter_mut().find(|i| i.of_parent.is_none() && i.definition.matches(definition));
    let Some(index) = free else { return false };
    index.of_parent = Some(of.to_owned());
    let name = index.name.clone();
    for c in t.constraints.iter_mut().filter(|c| c.name == name) {
        c.of_parent = Some(of.to_owned());
    }
    true
}

/// Options of single columns: what stands in `PARTITION OF t (a NOT NULL DEFAULT 1)`.
fn column_options(table: &str, taken: &column::Taken) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::new();
    let (t, c) = (ident::quote(table), ident::quote(&taken.def.colname));
    for node in &taken.def.constraints {
        let Some(NodeEnum::Constraint(option)) = &node.node else { continue };
        match option.contype() {
            ConstrType::ConstrNotnull => {
                out.push(once(format!("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL"))?);
            }
            ConstrType::ConstrNull => {}
            ConstrType::ConstrDefault => out.push(set_default(table, &taken.def.colname, option)?),
            _ => {
                return Err(Refuse::all(
                    format!("the option of column {c} of a partition is not understood"),
                    "set it with ALTER TABLE on the partition",
                ));
            }
        }
    }
    Ok(out)
}

fn set_default(table: &str, column: &str, option: &Constraint) -> Result<Emitted, Refuse> {
    let sql =
        format!("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT 1", ident::quote(table), ident::quote(column));
    let mut stmt = ast::parse_one(&sql)?;
    if let NodeEnum::AlterTableStmt(alter) = &mut stmt
        && let Some(NodeEnum::AlterTableCmd(cmd)) = alter.cmds.first_mut().and_then(|n| n.node.as_mut())
    {
        cmd.def.clone_from(&option.raw_expr);
    }
    emit::tree(&stmt, Scope::Database)
}

/// Where a parent has no key but the index on the tenant column, the partition needs its part of it.
fn tenant_index_for(work: &Work<'_>, parent: &str, name: &str) -> Result<Vec<Emitted>, Refuse> {
    if work.keyed(parent)? { Ok(Vec::new()) } else { create_table::ensure_index_on_tenant(work, name) }
}

/// The tables that foreign keys of the parent refer to: attaching reads them.
fn targets(work: &Work<'_>, parent: &str) -> Result<Vec<String>, Refuse> {
    let mut found = Vec::new();
    for c in &work.table(parent)?.constraints {
        if let ConstraintKind::Foreign { table, .. } = &c.kind
            && !work.is_global(table)
        {
            found.extend(work.catalog.family(table));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn attach_statement(parent: &str, child: &str, bound: PartitionBoundSpec) -> Result<Emitted, Refuse> {
    let sql =
        format!("ALTER TABLE {} ATTACH PARTITION {} DEFAULT", ident::quote(parent), ident::quote(child));
    let mut stmt = ast::parse_one(&sql)?;
    if let NodeEnum::AlterTableStmt(alter) = &mut stmt
        && let Some(NodeEnum::AlterTableCmd(cmd)) = alter.cmds.first_mut().and_then(|n| n.node.as_mut())
        && let Some(NodeEnum::PartitionCmd(partition)) = cmd.def.as_mut().and_then(|d| d.node.as_mut())
    {
        partition.bound = Some(bound);
    }
    emit::tree(&stmt, Scope::Database)
}

/// Carries ATTACH PARTITION.
pub(super) fn attach(work: &mut Work<'_>, parent: &str, cmd: &AlterTableCmd) -> Result<Vec<Emitted>, Refuse> {
    partitioned(work, parent)?;
    let (child, command) = partition_of(work, cmd)?;
    let bound =
        command.bound.ok_or_else(|| Refuse::all("ATTACH PARTITION has no bound", "add FOR VALUES"))?;
    let identities: Vec<String> =
        work.table(&child)?.columns.iter().filter(|c| c.identity.is_some()).map(|c| c.name.clone()).collect();
    let mut out = clones(work, parent, &child)?;
    out.extend(tenant_index_for(work, parent, &child)?);
    for column in identities {
        // The parent's trigger comes under this name.
        out.push(identity::drop_trigger(&child, &column)?);
    }
    let mut reads = targets(work, parent)?;
    if !reads.is_empty() {
        reads.extend(work.catalog.family(&child));
    }
    out.extend(rls::unforced(&reads, vec![attach_statement(parent, &child, bound)?])?);
    let inherited: Vec<_> =
        work.table(parent)?.constraints.iter().filter(|c| !has_index(&c.kind)).cloned().collect();
    if let Some(t) = work.catalog.tables.get_mut(&child) {
        t.parent = Some(parent.to_owned());
        for c in t.constraints.iter_mut().filter(|c| inherited.iter().any(|i| i.name == c.name)) {
            c.of_parent = Some(c.name.clone());
        }
    }
    inherited.iter().for_each(|c| work.catalog.pass_on(parent, c));
    Ok(out)
}

/// What DETACH PARTITION leaves: a table of its own.
pub(super) fn detach(work: &mut Work<'_>, cmd: &AlterTableCmd) -> Result<Vec<Emitted>, Refuse> {
    let (child, _) = partition_of(work, cmd)?;
    let mut after = Vec::new();
    if let Some(t) = work.catalog.tables.get_mut(&child) {
        t.parent = None;
        t.constraints.iter_mut().for_each(|c| c.of_parent = None);
        t.indexes.iter_mut().for_each(|i| i.of_parent = None);
        for column in &t.columns {
            if let Some(counter) = &column.identity {
                after.push(identity::trigger(&child, &column.name, counter)?);
            }
        }
    }
    Ok(after)
}

fn partition_of(work: &Work<'_>, cmd: &AlterTableCmd) -> Result<(String, PartitionCmd), Refuse> {
    let Some(NodeEnum::PartitionCmd(command)) = cmd.def.as_ref().and_then(|d| d.node.clone()) else {
        return Err(Refuse::all("the partition is not named", "name it"));
    };
    let child = work.own_name(command.name.as_ref())?;
    work.table(&child)?;
    Ok((child, command))
}
