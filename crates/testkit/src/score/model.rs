//! The tables of the plain run as rows are made for them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tokio_postgres::Client;

use super::values::Type;

const READ: &str = include_str!("model/read.sql");

/// A table that rows are made for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub refers: Vec<Refers>,
    pub checks: Vec<Check>,
    pub(super) domain_checks: Vec<Check>,
    pub(super) partition_columns: Vec<String>,
    pub(super) partition_bound: Option<String>,
}

/// A column.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub(super) oid: i64,
    pub(super) modifier: i32,
    pub not_null: bool,
    pub default: Option<String>,
    pub generated: bool,
    /// Whether only the server may give it a value.
    pub identity: bool,
    #[serde(skip)]
    pub of: Type,
}

/// A foreign key.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Refers {
    pub table: String,
    pub columns: Vec<String>,
    pub to: Vec<String>,
}

/// A check of a table or of a domain that one of its columns has.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Check {
    pub name: String,
    pub text: String,
    pub columns: Vec<String>,
}

/// A function or procedure that can be called.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Function {
    pub name: String,
    pub procedure: bool,
    /// Whether it returns rows.
    pub rows: bool,
    pub(super) arguments: Vec<(i64, String)>,
    /// Types of its arguments with their names in SQL.
    #[serde(skip)]
    pub takes: Vec<(Type, String)>,
}

#[derive(Deserialize)]
struct Read {
    tables: Vec<Table>,
    functions: Vec<Function>,
    types: BTreeMap<String, RawType>,
}

#[derive(Deserialize)]
struct RawType {
    name: String,
    kind: char,
    base: i64,
    modifier: i32,
    element: i64,
    labels: Vec<String>,
    subtype: Option<i64>,
    fields: Option<Vec<i64>>,
}

/// Reads the tables, those first that others refer to.
pub async fn read(client: &Client) -> Vec<Table> {
    let mut read = read_all(client).await;
    for table in &mut read.tables {
        for column in &mut table.columns {
            column.of = resolve(&read.types, column.oid, column.modifier);
        }
        table.checks.append(&mut table.domain_checks);
    }
    ordered(read.tables)
}

/// Reads the functions.
pub async fn functions(client: &Client) -> Vec<Function> {
    let mut read = read_all(client).await;
    for function in &mut read.functions {
        let takes =
            function.arguments.iter().map(|(oid, name)| (resolve(&read.types, *oid, -1), name.clone()));
        function.takes = takes.collect();
    }
    read.functions
}

async fn read_all(client: &Client) -> Read {
    let row = client.query_one(READ, &[]).await.expect("read the tables");
    serde_json::from_str(row.get(0)).expect("the tables as JSON")
}

fn resolve(types: &BTreeMap<String, RawType>, oid: i64, modifier: i32) -> Type {
    let Some(raw) = types.get(&oid.to_string()) else { return Type::default() };
    if raw.kind == 'd' {
        return resolve(types, raw.base, raw.modifier);
    }
    let below = |oid: i64, modifier: i32| Some(Box::new(resolve(types, oid, modifier)));
    let length = match raw.name.as_str() {
        "varchar" | "bpchar" => modifier.checked_sub(4),
        "bit" | "varbit" | "vector" | "halfvec" => Some(modifier),
        _ => None,
    };
    Type {
        name: raw.name.clone(),
        kind: raw.kind,
        element: match raw.subtype {
            Some(subtype) => below(subtype, -1),
            None if raw.element != 0 => below(raw.element, modifier),
            None => None,
        },
        labels: raw.labels.clone(),
        fields: raw.fields.iter().flatten().map(|oid| resolve(types, *oid, -1)).collect(),
        length: length.and_then(|l| usize::try_from(l).ok()),
    }
}

/// Tables in an order in which rows can be made; in a circle of foreign keys, by name.
fn ordered(tables: Vec<Table>) -> Vec<Table> {
    let mut left = tables;
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let names: BTreeSet<String> = left.iter().map(|t| t.name.clone()).collect();
        let is_free = |t: &Table| t.refers.iter().all(|r| r.table == t.name || !names.contains(&r.table));
        let needs_none = |t: &Table| {
            t.refers.iter().all(|r| r.table == t.name || !names.contains(&r.table) || !t.needs(r))
        };
        let at = left.iter().position(is_free).or_else(|| left.iter().position(needs_none)).unwrap_or(0);
        order.push(left.remove(at));
    }
    order
}

impl Table {
    /// Whether a row needs the row that a foreign key refers to.
    pub fn needs(&self, refers: &Refers) -> bool {
        refers.columns.iter().any(|name| self.columns.iter().any(|c| c.name == *name && c.not_null))
    }

    /// What changes when rows of other forms are possible.
    pub fn signature(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        columns.join(",")
    }

    /// The values that put a row into a partition that is there.
    pub fn partition_values(&self) -> BTreeMap<String, String> {
        let Some(bound) = &self.partition_bound else { return BTreeMap::new() };
        let lower = ["FROM (", "IN ("].iter().find_map(|start| bound.split_once(start));
        let Some((_, list)) = lower else { return BTreeMap::new() };
        let list = list.split(')').next().unwrap_or_default();
        let values = list.split(", ").map(|v| v.trim_matches('\'').to_owned());
        let pairs = self.partition_columns.iter().cloned().zip(values);
        pairs.filter(|(_, v)| v != "MINVALUE" && v != "NULL").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers: &[(&str, bool)]) -> Table {
        let column = |(to, not_null): &(&str, bool)| Column {
            name: format!("{to}_id"),
            not_null: *not_null,
            ..Column::default()
        };
        let refer = |(to, _): &(&str, bool)| Refers {
            table: (*to).to_owned(),
            columns: vec![format!("{to}_id")],
            to: vec!["id".to_owned()],
        };
        Table {
            name: name.to_owned(),
            columns: refers.iter().map(column).collect(),
            refers: refers.iter().map(refer).collect(),
            ..Table::default()
        }
    }

    #[test]
    fn tables_come_after_those_they_refer_to() {
        let tables = vec![
            table("a", &[("b", true), ("a", false)]),
            table("b", &[("c", true)]),
            table("c", &[("a", false)]),
        ];
        let order: Vec<String> = ordered(tables).into_iter().map(|t| t.name).collect();
        assert_eq!(order, ["c", "b", "a"]);
    }

    #[test]
    fn partition_bounds_give_values() {
        let mut events = Table { partition_columns: vec!["at".to_owned()], ..Table::default() };
        let mut value = |bound: &str| {
            events.partition_bound = Some(bound.to_owned());
            events.partition_values().remove("at")
        };
        let from = value("FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')");
        assert_eq!(from.as_deref(), Some("2024-01-01"));
        assert_eq!(value("FOR VALUES IN ('a', 'b')").as_deref(), Some("a"));
        assert_eq!(value("FOR VALUES FROM (MINVALUE) TO (10)"), None);
        assert_eq!(value("FOR VALUES WITH (modulus 2, remainder 0)"), None);
    }
}
