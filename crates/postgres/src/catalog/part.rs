//! What the catalog's queries answer: one [`Part`] for each object, one [`Column`] for each column.

use serde::{Deserialize, Serialize};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::kind::ObjectKind;

/// An object's address in the system catalogs: the catalog's oid and the row's.
pub(crate) type Address = (u32, u32);

/// An object as the server's own functions print it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub address: Address,
    /// The table (or domain) that it belongs to.
    pub parent: Option<u32>,
    pub kind: ObjectKind,
    pub name: String,
    /// How `COMMENT ON` names it.
    pub words: String,
    /// The statement that makes it; of a table, what stands before the columns. None: made with something else.
    pub head: Option<String>,
    /// What may stand inside the statement of the parent instead of `head`.
    pub inline: Option<String>,
    /// What ends the statement.
    pub tail: Option<String>,
    /// Ties it to another object once both are there.
    pub attach: Vec<String>,
    /// Settings that have to wait for rows and indexes.
    pub later: Vec<String>,
    /// The comment, as a literal.
    pub comment: Option<String>,
}

/// A column as the server's own functions print it. All names are quoted.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Catalog and oid of the table or view.
    pub relation: Address,
    pub of_table: bool,
    pub table: String,
    pub name: String,
    /// Its number in the table.
    pub number: i16,
    /// Type, compression and collation.
    pub typ: String,
    pub identity: Option<String>,
    /// Oid of the default's expression.
    pub default: Option<u32>,
    pub generated: bool,
    pub expression: Option<String>,
    pub not_null: NotNull,
    /// Of a partition, which is made as a table of its own and attached then.
    pub partition: bool,
    /// Comes from the parent table alone.
    pub inherited: bool,
    pub parent_default: bool,
    /// How it forbids NULL, by name where that is a constraint of its own: what a table that stands in for its parents says.
    pub not_null_named: Option<String>,
    /// Forbids NULL under another name than its parents do, or on its own account too.
    pub not_null_apart: bool,
    pub settings: Vec<String>,
    pub always: bool,
    pub cast_to: Option<String>,
    /// Its type refers to catalog objects by oid (regclass and its like).
    pub reference: bool,
    pub is_array: bool,
    pub comment: Option<String>,
}

/// How a column forbids NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotNull {
    pub set: bool,
    /// A constraint of its own (since version 18), which children inherit.
    pub is_constraint: bool,
    pub name: Option<String>,
    pub no_inherit: bool,
    /// Said for this table, not only for its parent.
    pub local: bool,
    pub valid: bool,
}

/// Reads a column of a row; a mismatch is a defect of the query.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    row.try_get(column).code(ErrorCode::Internal, format!("catalog query: column {column}"))
}

impl Part {
    pub(crate) fn decode(row: &Row) -> Result<Self> {
        let word: &str = get(row, "kind")?;
        let kind = ObjectKind::parse(word).ok_or_else(|| {
            Error::new(ErrorCode::Internal, format!("catalog query: kind {word} is unknown"))
        })?;
        Ok(Self {
            address: (get(row, "class")?, get(row, "oid")?),
            parent: get(row, "parent")?,
            kind,
            name: get(row, "name")?,
            words: get(row, "address")?,
            head: get(row, "head")?,
            inline: get(row, "inline")?,
            tail: get(row, "tail")?,
            attach: get(row, "attach")?,
            later: get(row, "later")?,
            comment: get(row, "comment")?,
        })
    }

    /// Everything that tells this object from another of its name.
    pub(crate) fn definition(&self) -> String {
        let mut text = self.head.clone().unwrap_or_default();
        text.push_str(self.tail.as_deref().unwrap_or_default());
        for statement in self.attach.iter().chain(&self.later) {
            text.push_str(";\n");
            text.push_str(statement);
        }
        text
    }

    /// Every text of the part that may name the schema.
    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.head, &mut self.inline, &mut self.tail]
            .into_iter()
            .flatten()
            .chain(self.attach.iter_mut())
            .chain(self.later.iter_mut())
            .chain(std::iter::once(&mut self.words))
    }
}

impl Column {
    pub(crate) fn decode(row: &Row) -> Result<Self> {
        let relkind: &str = get(row, "relkind")?;
        let generated: Option<&str> = get(row, "generated")?;
        Ok(Self {
            relation: (get(row, "class")?, get(row, "relation")?),
            of_table: matches!(relkind, "r" | "p"),
            table: get(row, "table")?,
            name: get(row, "column")?,
            number: get(row, "number")?,
            typ: get(row, "type")?,
            identity: get(row, "identity")?,
            default: get(row, "default_oid")?,
            generated: generated.is_some_and(|g| !g.is_empty()),
            expression: get(row, "expression")?,
            not_null: NotNull {
                set: get(row, "not_null")?,
                is_constraint: get(row, "not_null_is_constraint")?,
                name: get(row, "not_null_name")?,
                no_inherit: get(row, "not_null_no_inherit")?,
                local: get(row, "not_null_local")?,
                valid: get(row, "not_null_valid")?,
            },
            partition: get(row, "partition")?,
            inherited: get(row, "inherited")?,
            parent_default: get(row, "parent_default")?,
            not_null_named: get(row, "not_null_named")?,
            not_null_apart: get(row, "not_null_apart")?,
            settings: get(row, "settings")?,
            always: get(row, "always")?,
            cast_to: get(row, "cast_to")?,
            reference: get(row, "reference")?,
            is_array: get(row, "is_array")?,
            comment: get(row, "comment")?,
        })
    }

    /// Everything that tells this column from another of its name.
    pub(crate) fn definition(&self) -> String {
        let mut text = self.typ.clone();
        text.push_str(self.identity.as_deref().unwrap_or_default());
        if let Some(e) = &self.expression {
            text.push_str(if self.generated { " " } else { " DEFAULT " });
            text.push_str(e);
        }
        if self.not_null.set {
            text.push(' ');
            text.push_str(&self.not_null.inline());
            if !self.not_null.valid {
                text.push_str(" NOT VALID");
            }
        }
        for setting in &self.settings {
            text.push_str(", ");
            text.push_str(setting);
        }
        if self.inherited {
            text.push_str(", INHERITED");
        }
        text
    }

    /// Whether a view's column is worth an object: something is set for it.
    pub(crate) fn is_object(&self) -> bool {
        self.of_table || self.expression.is_some() || !self.settings.is_empty()
    }
}

impl NotNull {
    /// As it stands in a column's definition.
    pub(crate) fn inline(&self) -> String {
        let name = self.name.as_ref().map(|n| format!("CONSTRAINT {n} ")).unwrap_or_default();
        format!("{name}NOT NULL{}", if self.no_inherit { " NO INHERIT" } else { "" })
    }

    /// As a statement of its own.
    pub(crate) fn statement(&self, table: &str, column: &str) -> String {
        if !self.is_constraint {
            return format!("ALTER TABLE ONLY {table} ALTER COLUMN {column} SET NOT NULL");
        }
        let name = self.name.as_ref().map(|n| format!("CONSTRAINT {n} ")).unwrap_or_default();
        let inherit = if self.no_inherit { " NO INHERIT" } else { "" };
        let valid = if self.valid { "" } else { " NOT VALID" };
        format!("ALTER TABLE {table} ADD {name}NOT NULL {column}{inherit}{valid}")
    }
}
