//! The rows of a schema that are copied with it, and where its sequences stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio_postgres::GenericClient;

use crate::catalog::part::{Column, Part, get};
use crate::catalog::source::Source;
use crate::ident::{quote_ident, quote_literal};

/// A table that holds rows, and how to copy them. All names are quoted where needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its columns, without the generated ones.
    pub columns: Vec<RowColumn>,
    /// Whether an identity column refuses values unless `OVERRIDING SYSTEM VALUE` is said.
    pub overriding: bool,
    /// Whether row-level security could hide rows from the role that copies them.
    #[serde(default)]
    pub guarded: bool,
}

/// A column to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowColumn {
    /// The column.
    pub name: String,
    /// Its type where that is the schema's own: the value has to be cast, through text, to the new schema's.
    pub cast_to: Option<String>,
    /// Its values are oids of objects (`regclass` and its like): those of this schema's become those of the new one's.
    #[serde(default)]
    pub reference: bool,
}

/// Where a sequence stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceValue {
    /// The sequence, quoted where needed.
    pub sequence: String,
    /// The value last given out, or the next one.
    pub last: i64,
    /// Whether `last` was given out.
    pub called: bool,
}

impl TableRows {
    /// The statement that copies the rows from this schema to the new one, the first of the path; both given quoted.
    pub(super) fn insert(&self, from: &str, new: &str) -> String {
        let table = &self.table;
        let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        if names.is_empty() {
            return format!("INSERT INTO {table} SELECT FROM ONLY {from}.{table}");
        }
        let values: Vec<String> = self.columns.iter().map(|c| c.value(from, new)).collect();
        let overriding = if self.overriding { " OVERRIDING SYSTEM VALUE" } else { "" };
        let (names, values) = (names.join(", "), values.join(", "));
        format!(
            "INSERT INTO {table} ({names}){overriding} SELECT {values} FROM ONLY {from}.{table} AS source"
        )
    }
}

impl RowColumn {
    fn value(&self, from: &str, new: &str) -> String {
        match &self.cast_to {
            Some(typ) if self.reference => {
                // What is elsewhere, or nowhere any more, keeps its oid.
                let (name, renamed) = (&self.name, self.renamed(typ, from, new));
                format!(
                    "CASE WHEN {renamed} = source.{name}::text THEN source.{name}::oid::{typ} ELSE {renamed}::{typ} END"
                )
            }
            Some(typ) => format!("source.{}::text::{typ}", self.name),
            None => format!("source.{}", self.name),
        }
    }

    /// The text of an object's name with the new schema in place of the old one, which is not on the path and so stands
    /// before all that it holds: `a.t`, `a.f(a.t,integer)`; or alone, as `regnamespace`.
    fn renamed(&self, typ: &str, from: &str, new: &str) -> String {
        // Only the arguments of a function have schemas too; elsewhere a name may hold the same characters.
        let mut pattern = String::from(if typ == "regprocedure" { "(^|[(,])" } else { "^()" });
        for (place, c) in from.char_indices() {
            if !c.is_alphanumeric() && c != '_' {
                pattern.push('\\');
            }
            pattern.push(c);
            // The server puts the quotes around it only where they are needed.
            if place == 0 || place + 1 == from.len() {
                pattern.push('?');
            }
        }
        pattern.push_str("(\\.|$)");
        let with = format!("\\1{}\\2", new.replace('\\', "\\\\"));
        let (pattern, with) = (quote_literal(&pattern), quote_literal(&with));
        format!("pg_catalog.regexp_replace(source.{}::text, {pattern}, {with}, 'g')", self.name)
    }
}

impl SequenceValue {
    /// The call that sets the sequence.
    pub(super) fn call(&self) -> String {
        format!("pg_catalog.setval({}, {}, {})", quote_literal(&self.sequence), self.last, self.called)
    }
}

/// Which tables of a schema hold rows, referenced ones first; `references` are foreign keys from table to table, by oid.
pub(super) async fn tables(
    client: &impl GenericClient,
    (schema, source): (&str, &Source),
    references: &[(u32, u32)],
) -> Result<Vec<TableRows>> {
    let Some(query) = &source.probes.0 else { return Ok(Vec::new()) };
    let rows = client.query_typed(query, &[]).await.code(ErrorCode::Database, "look for rows")?;
    let filled = rows.iter().map(|row| get(row, "relation")).collect::<Result<Vec<u32>>>()?;

    let mut columns: HashMap<u32, Vec<&Column>> = HashMap::new();
    for column in source.columns.iter().filter(|c| c.of_table) {
        columns.entry(column.relation.1).or_default().push(column);
    }
    let names: HashMap<u32, &str> = source.parts.iter().map(|p| (p.address.1, p.name.as_str())).collect();
    let secured = |p: &&Part| p.later.iter().any(|s| s.ends_with(" ENABLE ROW LEVEL SECURITY"));
    let guarded: BTreeSet<u32> = source.parts.iter().filter(secured).map(|p| p.address.1).collect();
    let mut all = Vec::with_capacity(filled.len());
    for oid in ordered(&filled, references) {
        let table = names.get(&oid).copied().unwrap_or_default();
        let columns = columns.get(&oid).map_or(&[][..], Vec::as_slice);
        refuse_indexes(client, (schema, table), columns).await?;
        all.push(TableRows { guarded: guarded.contains(&oid), ..table_rows(table, columns)? });
    }
    Ok(all)
}

fn table_rows(table: &str, columns: &[&Column]) -> Result<TableRows> {
    if let Some(column) = columns.iter().find(|c| c.reference && c.is_array) {
        return Err(names_objects(table, column, "this schema's objects"));
    }
    let copied = columns.iter().filter(|c| !c.generated);
    Ok(TableRows {
        table: table.to_owned(),
        columns: copied.map(row_column).collect(),
        overriding: columns.iter().any(|c| c.always),
        guarded: false,
    })
}

fn row_column(column: &&Column) -> RowColumn {
    // The type of a column that names objects stands as it is printed, a domain's too.
    let cast_to = column.cast_to.clone().or_else(|| column.reference.then(|| column.typ.clone()));
    RowColumn { name: column.name.clone(), cast_to, reference: column.reference }
}

fn names_objects(table: &str, column: &Column, objects: &str) -> Error {
    let message = format!(
        "table {table} holds rows with column {} of type {}, whose values are oids of {objects}",
        column.name, column.typ
    );
    Error::new(ErrorCode::ShapeRefused, message).help("store the name as text")
}

/// Indexes are made after the rows, so that no row can name one.
async fn refuse_indexes(
    client: &impl GenericClient,
    (schema, table): (&str, &str),
    columns: &[&Column],
) -> Result<()> {
    let schema = quote_ident(schema);
    for column in columns.iter().filter(|c| c.reference && !c.is_array) {
        let query = format!(
            "SELECT FROM ONLY {schema}.{table} AS source JOIN pg_catalog.pg_class AS c ON c.oid = source.{}::oid \
             WHERE c.relkind IN ('i', 'I') LIMIT 1",
            column.name
        );
        let found = client.query_typed(&query, &[]).await.code(ErrorCode::Database, "look for rows")?;
        if !found.is_empty() {
            return Err(names_objects(table, column, "indexes of this schema"));
        }
    }
    Ok(())
}

/// Tables in an order in which no row refers to a later table; those in a ring come last, as they were.
fn ordered(tables: &[u32], references: &[(u32, u32)]) -> Vec<u32> {
    let known: BTreeSet<u32> = tables.iter().copied().collect();
    let mut waits: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (from, to) in references {
        if from != to && known.contains(from) && known.contains(to) {
            waits.entry(*from).or_default().insert(*to);
        }
    }
    let mut left: Vec<u32> = tables.to_vec();
    let mut done = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free =
            left.iter().position(|t| waits.get(t).is_none_or(|w| w.iter().all(|other| done.contains(other))));
        done.push(left.remove(free.unwrap_or(0)));
    }
    done
}

/// Where the schema's sequences stand.
pub(super) async fn sequences(client: &impl GenericClient, source: &Source) -> Result<Vec<SequenceValue>> {
    let Some(query) = &source.probes.1 else { return Ok(Vec::new()) };
    let rows = client.query_typed(query, &[]).await.code(ErrorCode::Database, "read the sequences")?;
    let value = |row| {
        Ok(SequenceValue {
            sequence: get(row, "name")?,
            last: get(row, "last_value")?,
            called: get(row, "is_called")?,
        })
    };
    rows.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn referenced_tables_come_first() {
        assert_eq!(ordered(&[1, 2, 3], &[(1, 2), (2, 3), (3, 9)]), [3, 2, 1]);
        assert_eq!(ordered(&[1, 2, 3], &[(1, 1), (2, 3), (3, 2)]), [1, 2, 3]);
    }
}
