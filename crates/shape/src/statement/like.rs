//! LIKE in CREATE TABLE. The server copies columns, defaults, checks and statistics; indexes and keys are made again
//! from the catalog, so that they have the names of a plain run.

use pg_query::protobuf::{Constraint, TableLikeClause};

use super::create_table::Item;
use super::{Work, constraint, create_index, identity, once, rls, serial};
use crate::catalog::{Column, ConstraintKind, Definition, Table};
use crate::ident;
use crate::model::Emitted;
use crate::refuse::Refuse;

const CONSTRAINTS: u32 = 4;
const DEFAULTS: u32 = 8;
const GENERATED: u32 = 16;
const IDENTITY: u32 = 32;
const INDEXES: u32 = 64;
/// Every option that the server knows; ALL sets more bits.
const KNOWN: u32 = 511;

/// The LIKE clauses of a table.
#[derive(Default)]
pub(super) struct Likes {
    /// One of them brings the tenant column of its table.
    pub bring_tenant: bool,
    /// And columns stand behind it: it has to be made anew.
    pub move_tenant: bool,
    clauses: Vec<(String, u32)>,
    /// Tables whose columns come through one that stands in for them, since another one brings the tenant column.
    stand_ins: Vec<String>,
}

fn source<'w>(work: &'w Work<'_>, clause: &TableLikeClause) -> Result<(String, Option<&'w Table>), Refuse> {
    let name = work.own_name(clause.relation.as_ref())?;
    let table = work.catalog.tables.get(&name);
    if table.is_none() && !work.catalog.views.contains_key(&name) {
        return Err(Refuse::unknown(format!("table {name}")));
    }
    Ok((name, table))
}

/// The columns that a clause takes.
pub(super) fn columns(work: &Work<'_>, clause: &TableLikeClause) -> Result<Vec<Column>, Refuse> {
    let (name, table) = source(work, clause)?;
    let has = |option: u32| clause.options & option != 0;
    if let Some(table) = table {
        let taken = |c: &Column| Column {
            generated: c.generated && has(GENERATED),
            identity: c.identity.clone().filter(|_| has(IDENTITY)),
            ..c.clone()
        };
        return Ok(table.columns.iter().map(taken).collect());
    }
    let columns = work.catalog.views.get(&name).map(|v| v.columns.clone()).unwrap_or_default();
    if columns.is_empty() {
        return Err(Refuse::shared(
            format!("the columns of {name} can't be worked out"),
            "write the columns of the new table out",
        ));
    }
    Ok(columns.into_iter().map(|name| Column { name, ..Column::default() }).collect())
}

/// The clause as it goes to the server.
pub(super) fn without_names(clause: TableLikeClause) -> TableLikeClause {
    TableLikeClause { options: clause.options & KNOWN & !INDEXES, ..clause }
}

impl Likes {
    /// Reads the clauses of a table that is known by now.
    pub fn of(work: &Work<'_>, items: &mut [Item]) -> Result<Self, Refuse> {
        let mut likes = Self::default();
        for item in items {
            let Item::Like(clause) = item else {
                likes.move_tenant = likes.bring_tenant;
                continue;
            };
            let (name, table) = source(work, clause)?;
            if table.is_some_and(|t| !t.global) {
                if likes.bring_tenant {
                    likes.move_tenant = true;
                    if let Some(relation) = clause.relation.as_mut() {
                        relation.relname = stand_in(likes.stand_ins.len());
                        relation.schemaname.clear();
                    }
                    likes.stand_ins.push(name.clone());
                }
                likes.bring_tenant = true;
            } else {
                likes.move_tenant = likes.bring_tenant;
            }
            likes.clauses.push((name, clause.options));
        }
        Ok(likes)
    }

    /// What comes before CREATE TABLE: tables like those that stand behind another one, without the tenant column.
    pub fn make(&self, work: &Work<'_>) -> Result<Vec<Emitted>, Refuse> {
        let mut out = Vec::new();
        for (place, source) in self.stand_ins.iter().enumerate() {
            let (name, source) = (ident::quote(&stand_in(place)), ident::quote(source));
            out.push(once(format!("CREATE TABLE {name} (LIKE {source} INCLUDING ALL EXCLUDING INDEXES)"))?);
            let tenant = ident::quote(&work.options.tenant_column);
            out.push(once(format!("ALTER TABLE {name} DROP COLUMN {tenant}"))?);
        }
        Ok(out)
    }

    /// What follows CREATE TABLE.
    pub fn finish(self, work: &mut Work<'_>, table: &str) -> Result<Vec<Emitted>, Refuse> {
        let mut out = Vec::new();
        for place in 0..self.stand_ins.len() {
            out.push(once(format!("DROP TABLE {}", ident::quote(&stand_in(place))))?);
        }
        if self.bring_tenant {
            out.extend(self.tenant_column(work, table)?);
        }
        for (source, options) in &self.clauses {
            let Some(from) = work.catalog.tables.get(source).cloned() else { continue };
            if options & CONSTRAINTS != 0 {
                checks(work, table, &from);
            }
            if options & IDENTITY != 0 {
                out.extend(identities(work, table, &from)?);
            }
            if options & INDEXES != 0 {
                out.extend(indexes(work, table, &from)?);
            }
        }
        Ok(out)
    }

    fn tenant_column(&self, work: &Work<'_>, table: &str) -> Result<Option<Emitted>, Refuse> {
        let (t, column) = (ident::quote(table), ident::quote(&work.options.tenant_column));
        let default = &work.options.current_tenant;
        if self.move_tenant {
            let sql = work.options.tenant_type.sql();
            // A default that comes with the column would be computed now, for no tenant.
            let again =
                format!("ADD COLUMN {column} {sql} NOT NULL, ALTER COLUMN {column} SET DEFAULT {default}");
            return once(format!("ALTER TABLE {t} DROP COLUMN {column}, {again}")).map(Some);
        }
        let with_default = self.clauses.iter().any(|(name, options)| {
            options & DEFAULTS != 0 && work.catalog.tables.get(name).is_some_and(|t| !t.global)
        });
        if with_default {
            return Ok(None);
        }
        once(format!("ALTER TABLE {t} ALTER COLUMN {column} SET DEFAULT {default}")).map(Some)
    }
}

fn stand_in(place: usize) -> String {
    format!("!tenantry_like_{}", place + 1)
}

/// Checks come under their own names.
fn checks(work: &mut Work<'_>, table: &str, from: &Table) {
    let Some(t) = work.catalog.tables.get_mut(table) else { return };
    for c in from.constraints.iter().filter(|c| c.kind == ConstraintKind::Check) {
        t.constraints.push(crate::catalog::Constraint { of_parent: None, ..c.clone() });
    }
}

fn identities(work: &mut Work<'_>, table: &str, from: &Table) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::new();
    for column in &from.columns {
        let Some(counter) = &column.identity else { continue };
        let name = serial::sequence_name(work, table, &column.name, false);
        serial::remember(work, &name, (table, &column.name), Some(counter.start));
        if !from.global {
            out.push(identity::trigger(table, &column.name, counter)?);
        }
    }
    Ok(out)
}

fn indexes(work: &mut Work<'_>, table: &str, from: &Table) -> Result<Vec<Emitted>, Refuse> {
    let mut out = Vec::new();
    for index in &from.indexes {
        match &index.definition {
            Definition::Index(stmt) => out.push(create_index::again(work, table, stmt, index, false)?),
            Definition::Constraint(c) => out.extend(constraint::again(work, table, c, index, false)?),
        }
    }
    Ok(out)
}

/// Constraints of a table whose tenant column is made anew behind its other columns.
pub(super) fn added_later(
    work: &Work<'_>,
    table: &str,
    nodes: Vec<Constraint>,
    reads: Option<String>,
) -> Result<Vec<Emitted>, Refuse> {
    let mut statements = Vec::new();
    for node in nodes {
        statements.push(super::alter_table::add_to(table, node)?);
    }
    let tables: Vec<String> =
        reads.iter().filter(|t| *t != table).flat_map(|t| work.catalog.family(t)).collect();
    rls::unforced(&tables, statements)
}
