//! A column taken apart, so that one can be turned into another.

use serde::{Deserialize, Serialize};

use crate::catalog::part::{Column, NotNull};

/// A column, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnFacts {
    pub of_table: bool,
    pub table: String,
    pub name: String,
    /// Type and collation.
    pub typ: String,
    pub compression: Option<String>,
    pub identity: Option<String>,
    pub generated: bool,
    pub expression: Option<String>,
    pub not_null: NotNull,
    pub settings: Vec<String>,
    /// Comes with the column of a parent table.
    pub inherited: bool,
}

impl ColumnFacts {
    pub fn of(column: &Column) -> Self {
        let (typ, compression, collation) = split_type(&column.typ);
        Self {
            of_table: column.of_table,
            table: column.table.clone(),
            name: column.name.clone(),
            typ: format!("{typ}{collation}"),
            compression: compression.map(str::to_owned),
            identity: column.identity.clone(),
            generated: column.generated,
            expression: column.expression.clone(),
            not_null: column.not_null.clone(),
            settings: column.settings.clone(),
            inherited: column.inherited || column.partition,
        }
    }

    /// As it stands in `CREATE TABLE`.
    pub fn line(&self) -> String {
        let mut text = format!("{} {}", self.name, split_type(&self.typ).0);
        if let Some(method) = &self.compression {
            text.push_str(&format!(" COMPRESSION {method}"));
        }
        text.push_str(split_type(&self.typ).2);
        text.push_str(self.identity.as_deref().unwrap_or_default());
        if let Some(expression) = &self.expression {
            text.push_str(if self.generated { " " } else { " DEFAULT " });
            text.push_str(expression);
        }
        if self.not_null.set && self.not_null.valid {
            text.push(' ');
            text.push_str(&self.not_null.inline());
        }
        text
    }

    /// The statement for its settings.
    pub fn set(&self) -> Option<String> {
        let all: Vec<String> =
            self.settings.iter().map(|s| format!("ALTER COLUMN {} {s}", self.name)).collect();
        (!all.is_empty()).then(|| format!("ALTER TABLE ONLY {} {}", self.table, all.join(", ")))
    }

    /// The statements that add it to its table, or give a view's column its default.
    pub fn make(&self) -> Vec<String> {
        let (table, name) = (&self.table, &self.name);
        if !self.of_table {
            let default = self.expression.as_ref();
            let default = default.map(|e| format!("ALTER VIEW {table} ALTER COLUMN {name} SET DEFAULT {e}"));
            return default.into_iter().collect();
        }
        let mut make = vec![format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {}", self.line())];
        make.extend(self.set());
        make
    }
}

/// Type, compression method and collation (with its key word) of a column's printed type.
fn split_type(text: &str) -> (&str, Option<&str>, &str) {
    let (front, collation) = match text.find(" COLLATE ") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    match front.split_once(" COMPRESSION ") {
        Some((typ, method)) => (typ, Some(method), collation),
        None => (front, None, collation),
    }
}
