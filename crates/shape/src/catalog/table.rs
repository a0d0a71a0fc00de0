//! Tables: columns in order, keys and indexes as the plain shape has them, without the tenant column.

use super::definition::Definition;

/// A table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub name: String,
    /// It belongs to no tenant and lives in the schema `global`.
    pub global: bool,
    /// It goes with the file that makes it.
    pub temporary: bool,
    /// Its columns in order, as the migrations wrote them.
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    pub triggers: Vec<Trigger>,
    /// Foreign keys to it that set columns ON UPDATE, by name, with what they set.
    pub update_triggers: std::collections::BTreeMap<String, &'static str>,
    /// Tenantry's triggers for actions of foreign keys that meet triggers of the app, by name, with what makes them.
    pub guards: std::collections::BTreeMap<String, String>,
    /// Its rewrite rules.
    pub rules: Vec<Trigger>,
    /// The table it is a partition of.
    pub parent: Option<String>,
    /// It is a materialized view in the plain shape.
    pub materialized: bool,
    /// For a materialized view: what its query names.
    pub reads: super::Reads,
    /// The tables that it INHERITS from.
    pub inherits: Vec<String>,
    /// The columns that its partition key reads; none: it is not partitioned.
    pub partitioned_by: Option<Vec<String>>,
    /// Row-level security of the app's own.
    pub security: super::RowSecurity,
}

/// A trigger or a rule.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub name: String,
    /// It runs inside of the statement that fires it: before it, or for its condition.
    pub is_inside: bool,
    /// It fires once for each row.
    pub of_rows: bool,
    /// It fires on DELETE.
    pub on_delete: bool,
    /// It fires on UPDATE.
    pub on_update: bool,
    /// It fires on TRUNCATE.
    pub on_truncate: bool,
    /// A constraint trigger that can wait for the end of the transaction.
    pub deferrable: bool,
    /// It does, unless SET CONSTRAINTS says otherwise.
    pub deferred: bool,
    /// The function that it calls.
    pub function: String,
    /// It rests.
    pub disabled: bool,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    /// The last part of its type's name, folded by the parser: `int4`, `text`, `citext`.
    pub type_name: String,
    pub generated: bool,
    pub identity: Option<Identity>,
}

/// How an identity column counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The greater of the two values that nobody uses: what is not above it is replaced.
    pub sentinel_max: i64,
    /// GENERATED ALWAYS.
    pub always: bool,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cycle: bool,
    /// A name for the sequence, where the text gives one.
    pub sequence: Option<String>,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    /// Its columns as written; for checks, the columns it reads.
    pub columns: Vec<String>,
    /// The constraint of the parent table that it comes from.
    pub of_parent: Option<String>,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConstraintKind {
    Primary,
    Unique,
    Exclude,
    Check,
    /// `full`: it was written MATCH FULL over several columns and is MATCH SIMPLE with a trigger beside it in the shared shape.
    Foreign {
        table: String,
        columns: Vec<String>,
        full: bool,
        actions: Actions,
    },
}

/// What a foreign key does to the rows that refer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actions {
    pub on_delete: Option<Action>,
    pub on_update: Option<Action>,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Deleted,
    Updated,
}

impl Actions {
    /// Those of a foreign key, by the letters that the parser has for them.
    pub fn of(delete: &str, update: &str) -> Self {
        let action = |letter: &str, cascade: Action| match letter {
            "c" => Some(cascade),
            "n" | "d" => Some(Action::Updated),
            _ => None,
        };
        Self { on_delete: action(delete, Action::Deleted), on_update: action(update, Action::Updated) }
    }
}

/// An index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Index {
    pub name: String,
    /// Its plain columns, those it includes as well.
    pub columns: Vec<String>,
    /// Made by a constraint of the same name.
    pub of_constraint: bool,
    /// What its columns are called: as the table's were when it was made, since the server does not rename them.
    pub column_names: Vec<String>,
    /// How to make it once more, on another table.
    pub definition: Definition,
    /// The index of the parent table that it is a part of.
    pub of_parent: Option<String>,
}

impl Constraint {
    /// One of the table's own.
    pub fn new(name: &str, kind: ConstraintKind, columns: Vec<String>) -> Self {
        Self { name: name.to_owned(), kind, columns, of_parent: None }
    }
}

impl Table {
    /// Its column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The columns of its primary key.
    pub fn primary_key(&self) -> Option<&[String]> {
        self.constraints.iter().find(|c| c.kind == ConstraintKind::Primary).map(|c| c.columns.as_slice())
    }

    /// Its constraint of this name.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|c| c.name == name)
    }

    /// Whether a foreign key of it points to that table.
    pub fn references(&self, target: &str) -> bool {
        self.constraints.iter().any(|c| {
            c.of_parent.is_none()
                && matches!(&c.kind, ConstraintKind::Foreign { table, .. } if table == target)
        })
    }

    /// Whether it is partitioned.
    pub fn is_partitioned(&self) -> bool {
        self.partitioned_by.is_some()
    }

    /// Forgets a constraint and the index that it made.
    pub fn drop_constraint(&mut self, name: &str) {
        self.constraints.retain(|c| c.name != name);
        self.indexes.retain(|i| !(i.of_constraint && i.name == name));
    }

    /// Gives a constraint and its index another name.
    pub fn rename_constraint(&mut self, old: &str, new: &str) {
        for constraint in self.constraints.iter_mut().filter(|c| c.name == old) {
            constraint.name = new.to_owned();
        }
        for index in self.indexes.iter_mut().filter(|i| i.of_constraint && i.name == old) {
            index.name = new.to_owned();
        }
    }

    pub(super) fn rename_column(&mut self, old: &str, new: &str) {
        for column in self.columns.iter_mut().filter(|c| c.name == old) {
            column.name = new.to_owned();
        }
        for constraint in &mut self.constraints {
            rename(&mut constraint.columns, old, new);
        }
        for index in &mut self.indexes {
            index.definition.rename_column(old, new);
            rename(&mut index.columns, old, new);
        }
        rename(self.partitioned_by.as_deref_mut().unwrap_or_default(), old, new);
    }

    pub(super) fn drop_column(&mut self, name: &str) {
        self.columns.retain(|c| c.name != name);
        self.constraints.retain(|c| !c.columns.iter().any(|x| x == name));
        self.indexes.retain(|i| !i.columns.iter().any(|x| x == name));
    }
}

pub(super) fn rename(names: &mut [String], old: &str, new: &str) {
    for name in names.iter_mut().filter(|n| *n == old) {
        new.clone_into(name);
    }
}
