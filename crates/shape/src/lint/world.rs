//! What the files so far have made, as far as the rules ask: columns with their types, keys, checks, indexes.
//!
//! Apart from the catalog of [`crate::History`] on purpose: it must follow files that no shape takes, and it knows what
//! that one need not (lengths of types, what is validated, what is live).

mod alter;
mod take;

use std::collections::{BTreeMap, BTreeSet};

use pg_query::protobuf::{Node, RangeVar, TypeName};

use crate::ast;
pub(super) use take::{constraints, is_serial};

/// Everything known.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub tables: BTreeMap<String, Table>,
    /// Index to table.
    pub indexes: BTreeMap<String, Index>,
    /// Views, functions, types and sequences by name.
    pub objects: BTreeSet<String>,
    /// What the pending files have made.
    fresh: BTreeSet<String>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub columns: BTreeMap<String, Column>,
    pub constraints: BTreeMap<String, Kind>,
    pub partitioned: bool,
    /// Tables that its foreign keys refer to.
    pub refers: BTreeSet<String>,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub ty: Ty,
    pub not_null: bool,
    pub has_default: bool,
}

/// A type as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ty {
    pub name: String,
    pub modifiers: Vec<i64>,
    pub is_array: bool,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    Foreign,
    /// With the columns that it proves to hold no NULL.
    Check {
        not_null: Vec<String>,
        is_valid: bool,
    },
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub table: String,
    pub is_unique: bool,
}

impl World {
    /// All that there is was there before what follows.
    pub fn settle(&mut self) {
        self.fresh.clear();
    }

    /// Whether something was there before the pending files. What is unknown may have been made in ways that aren't seen
    /// here, so it counts.
    pub fn is_live(&self, name: &str) -> bool {
        !self.fresh.contains(name)
    }

    /// Whether any file has made it.
    pub fn knows(&self, name: &str) -> bool {
        self.tables.contains_key(name) || self.objects.contains(name) || self.indexes.contains_key(name)
    }

    /// A column.
    pub fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.tables.get(table)?.columns.get(column)
    }

    /// Whether a validated check says that the column holds no NULL.
    pub fn proves_not_null(&self, table: &str, column: &str) -> bool {
        let proves = |kind: &Kind| matches!(kind, Kind::Check { not_null, is_valid: true } if not_null.iter().any(|c| c == column));
        self.tables.get(table).is_some_and(|t| t.constraints.values().any(proves))
    }

    fn made(&mut self, name: &str) {
        self.fresh.insert(name.to_owned());
    }
}

impl Ty {
    /// The type that a tree names.
    pub fn of(name: Option<&TypeName>) -> Self {
        let Some(name) = name else { return Self::default() };
        Self {
            name: ast::names(&name.names).pop().unwrap_or_default(),
            modifiers: name.typmods.iter().filter_map(|m| ast::option_text(Some(m))?.parse().ok()).collect(),
            is_array: !name.array_bounds.is_empty(),
        }
    }
}

/// The name of a relation, without its schema.
pub(super) fn name_of(relation: Option<&RangeVar>) -> String {
    relation.map(|r| r.relname.clone()).unwrap_or_default()
}

/// The last part of a qualified name.
pub(super) fn last_name(node: &Node) -> String {
    ast::qualified_name(node).pop().unwrap_or_default()
}
