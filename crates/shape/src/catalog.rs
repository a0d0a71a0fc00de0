//! What the statements so far have made. A tenant's schema is one namespace, the schema `global` another.

mod body;
mod definition;
mod family;
mod readers;
mod relation;
mod security;
mod table;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use body::Body;
pub(crate) use definition::Definition;
pub(crate) use readers::Reads;
pub(crate) use relation::{Routine, Sequence, TypeKind, View};
pub(crate) use security::{Boundary, Mentions, Policy, RowSecurity};
pub(crate) use table::{
    Action, Actions, Column, Constraint, ConstraintKind, Identity, Index, Table, Trigger,
};

/// Everything that exists after the statements seen so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub tables: BTreeMap<String, Table>,
    pub views: BTreeMap<String, View>,
    pub sequences: BTreeMap<String, Sequence>,
    pub types: BTreeMap<String, TypeKind>,
    /// Functions and procedures by name; overloads together.
    pub functions: BTreeMap<String, Routine>,
    pub statistics: BTreeSet<String>,
    pub extensions: BTreeSet<String>,
    /// Schemas of the app's own: each stands for the tenant's.
    pub schemas: BTreeSet<String>,
    /// Those whose bodies follow the columns of tables and views, by name and types.
    pub bodies: BTreeMap<String, std::sync::Arc<Body>>,
    /// The schema of the text that each function and procedure was made in.
    pub function_schemas: BTreeMap<String, String>,
    /// Roles of the app that every policy so far is for: the tenants' login stands for them. None: no policy names one.
    pub login_roles: Option<BTreeSet<String>>,
    /// A body or a statement has taken an advisory lock that outlasts its transaction.
    pub session_locks: bool,
    /// The body of a function or block has run SET CONSTRAINTS.
    pub bodies_defer: bool,
}

impl Catalog {
    /// Whether a relation of this name exists in the tenant's schema or, for `global`, in that schema.
    pub fn relation_taken(&self, name: &str, global: bool) -> bool {
        self.tables.get(name).is_some_and(|t| t.global == global)
            || self.tables.values().any(|t| t.global == global && t.indexes.iter().any(|i| i.name == name))
            || self.sequences.get(name).is_some_and(|s| s.global == global)
            || !global && self.views.contains_key(name)
            || !global && matches!(self.types.get(name), Some(TypeKind::Composite))
    }

    /// Whether a constraint of this name exists in that schema, on a table or a domain.
    pub fn constraint_taken(&self, name: &str, global: bool) -> bool {
        self.tables.values().any(|t| t.global == global && t.constraints.iter().any(|c| c.name == name))
            || !global
                && self
                    .types
                    .values()
                    .any(|t| matches!(t, TypeKind::Domain { checks } if checks.iter().any(|c| c == name)))
    }

    /// The table that holds an index of this name.
    pub fn table_of_index(&self, name: &str) -> Option<&str> {
        self.tables.values().find(|t| t.indexes.iter().any(|i| i.name == name)).map(|t| t.name.as_str())
    }

    /// The tables with a foreign key to this one, itself left out.
    pub fn referenced_by(&self, name: &str) -> Vec<String> {
        self.tables
            .values()
            .filter(|t| t.name != name && t.references(name))
            .map(|t| t.name.clone())
            .collect()
    }

    /// Forgets a table, its sequences and the foreign keys to it.
    pub fn drop_table(&mut self, name: &str) {
        self.tables.remove(name);
        self.forget_policies_on(name);
        self.sequences.retain(|_, s| s.owner.as_ref().is_none_or(|(table, _)| table != name));
        for table in self.tables.values_mut() {
            table
                .constraints
                .retain(|c| !matches!(&c.kind, ConstraintKind::Foreign { table, .. } if table == name));
        }
        let children: Vec<String> = self
            .tables
            .values()
            .filter(|t| t.parent.as_deref() == Some(name) || t.inherits.iter().any(|p| p == name))
            .map(|t| t.name.clone())
            .collect();
        for child in children {
            self.drop_table(&child);
        }
    }

    /// Gives a table another name, everywhere.
    pub fn rename_table(&mut self, old: &str, new: &str) {
        let Some(mut moved) = self.tables.remove(old) else { return };
        moved.name = new.to_owned();
        self.tables.insert(new.to_owned(), moved);
        for table in self.tables.values_mut() {
            if table.parent.as_deref() == Some(old) {
                table.parent = Some(new.to_owned());
            }
            table::rename(&mut table.inherits, old, new);
            for constraint in &mut table.constraints {
                if let ConstraintKind::Foreign { table, .. } = &mut constraint.kind
                    && table == old
                {
                    *table = new.to_owned();
                }
            }
        }
        for sequence in self.sequences.values_mut() {
            if let Some((table, _)) = &mut sequence.owner
                && table == old
            {
                *table = new.to_owned();
            }
        }
        self.rename_read(old, new);
    }

    /// Gives a relation another name in what reads it.
    pub fn rename_read(&mut self, old: &str, new: &str) {
        self.views.values_mut().for_each(|v| table::rename(&mut v.reads.relations, old, new));
        self.tables.values_mut().for_each(|t| table::rename(&mut t.reads.relations, old, new));
        self.rename_in_policies(old, new);
    }

    /// Gives a column another name, everywhere.
    pub fn rename_column(&mut self, table: &str, old: &str, new: &str) {
        for member in self.family(table) {
            if let Some(t) = self.tables.get_mut(&member) {
                t.rename_column(old, new);
            }
            self.rename_column_in_policies(&member, old, new);
        }
        for other in self.tables.values_mut() {
            for constraint in &mut other.constraints {
                if let ConstraintKind::Foreign { table: target, columns, .. } = &mut constraint.kind
                    && target == table
                {
                    table::rename(columns, old, new);
                }
            }
        }
        for sequence in self.sequences.values_mut() {
            if let Some((t, column)) = &mut sequence.owner
                && t == table
                && column == old
            {
                *column = new.to_owned();
            }
        }
    }

    /// Forgets a column and what depends on it; with `cascade` also foreign keys of other tables.
    pub fn drop_column(&mut self, table: &str, column: &str) {
        for member in self.family(table) {
            if let Some(t) = self.tables.get_mut(&member) {
                t.drop_column(column);
            }
            self.forget_policies_reading(&member, column);
        }
        self.sequences.retain(|_, s| s.owner.as_ref().is_none_or(|(t, c)| t != table || c != column));
        for other in self.tables.values_mut() {
            other.constraints.retain(|c| {
                !matches!(&c.kind, ConstraintKind::Foreign { table: t, columns, .. } if t == table && columns.iter().any(|x| x == column))
            });
        }
    }
}
