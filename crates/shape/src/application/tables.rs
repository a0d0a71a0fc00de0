//! The app's tables as an application knows them, from plain data that the gateway reads from a data database.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_domain::TenantKeyType;

use crate::catalog::{self, Catalog, Constraint, ConstraintKind, Sequence};
use crate::model::Options;

/// One table, without the tenant column unless the app's own text has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// It belongs to no tenant.
    pub global: bool,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The columns of its primary key as the app wrote it; empty: it has none.
    pub primary_key: Vec<String>,
    /// The tables that its foreign keys refer to.
    pub references: Vec<String>,
    /// A trigger or a rule of the app acts on DELETE.
    pub acts_on_delete: bool,
    /// What its columns count with.
    pub counters: Vec<Counter>,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// It is computed from others.
    pub generated: bool,
}

/// A sequence that belongs to a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Its first value.
    pub start: i64,
}

/// All tables of an app.
#[derive(Clone, Debug)]
pub struct Tables {
    pub(crate) catalog: Catalog,
    pub(crate) options: Options,
    pub(crate) by_name: BTreeMap<String, Table>,
}

impl Tables {
    /// These tables, and the sequences that belong to no tenant. The tenant column is the one that shared tables have.
    pub fn new(tenant_column: &str, tables: Vec<Table>, global_sequences: Vec<String>) -> Self {
        let options = Options {
            tenant_column: tenant_column.to_owned(),
            // What only definitions need.
            tenant_type: TenantKeyType::Uuid,
            current_tenant: String::new(),
            global_tables: tables
                .iter()
                .filter(|t| t.global)
                .map(|t| t.name.clone())
                .collect::<BTreeSet<_>>(),
        };
        let sequence = |name: String| (name, Sequence { global: true, ..Sequence::default() });
        let catalog = Catalog {
            tables: tables.iter().map(|t| (t.name.clone(), known(t))).collect(),
            sequences: global_sequences.into_iter().map(sequence).collect(),
            ..Catalog::default()
        };
        Self { catalog, options, by_name: tables.into_iter().map(|t| (t.name.clone(), t)).collect() }
    }

    /// None at all.
    pub fn none() -> Self {
        Self::new("tenant_id", Vec::new(), Vec::new())
    }

    /// The tables whose foreign keys refer to this one, itself left out.
    pub(crate) fn referring_to(&self, name: &str) -> Vec<&str> {
        let refers = |t: &&Table| t.name != name && t.references.iter().any(|r| r == name);
        self.by_name.values().filter(refers).map(|t| t.name.as_str()).collect()
    }
}

/// What the passes over tokens look at.
fn known(table: &Table) -> catalog::Table {
    let primary = Constraint::new("", ConstraintKind::Primary, table.primary_key.clone());
    catalog::Table {
        name: table.name.clone(),
        global: table.global,
        columns: table
            .columns
            .iter()
            .map(|c| catalog::Column {
                name: c.name.clone(),
                generated: c.generated,
                ..catalog::Column::default()
            })
            .collect(),
        constraints: if table.primary_key.is_empty() { Vec::new() } else { vec![primary] },
        ..catalog::Table::default()
    }
}
