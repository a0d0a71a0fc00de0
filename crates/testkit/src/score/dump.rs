//! What a tenant, or the plain database, holds: every row of every table and view as text.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_postgres::ident::quote_ident;
use tokio_postgres::Client;

use super::events::{Outcome, run};

const RELATIONS: &str = include_str!("dump/relations.sql");

/// A table or view of the plain database.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// `r`, `p`, `v` or `m`, as in `pg_class`.
    pub kind: String,
    /// Its columns.
    pub columns: Vec<String>,
}

type Row = Vec<Option<String>>;

/// Rows by relation, or what the server refused them with.
pub type Dump = BTreeMap<String, Result<Vec<Row>, String>>;

/// Columns (by number) whose values differ from run to run, by relation.
pub type Volatile = BTreeMap<String, BTreeSet<usize>>;

/// What is to be dumped.
pub async fn relations(plain: &Client) -> Vec<Relation> {
    let rows = plain.query(RELATIONS, &[]).await.expect("read the relations");
    rows.iter().map(|r| Relation { name: r.get(0), kind: r.get(1), columns: r.get(2) }).collect()
}

/// Reads everything.
pub async fn read(client: &Client, relations: &[Relation]) -> Dump {
    let mut dump = Dump::new();
    for relation in relations {
        let columns: Vec<String> =
            relation.columns.iter().map(|c| format!("{}::text", quote_ident(c))).collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), quote_ident(&relation.name));
        let rows = match run(client, &sql).await {
            Outcome::Done(_, rows) if matches!(relation.kind.as_str(), "v" | "m") => Ok(rows
                .into_iter()
                .map(|row| row.into_iter().map(|cell| cell.map(sorted)).collect())
                .collect()),
            Outcome::Done(_, rows) => Ok(rows),
            Outcome::Refused(r) => Err(format!("{} {}", r.state, r.message)),
        };
        dump.insert(relation.name.clone(), rows);
    }
    dump
}

/// JSON with its keys in order: an aggregate of a view puts them in the order in which the rows come.
fn sorted(text: String) -> String {
    fn sort(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => {
                let map: BTreeMap<String, serde_json::Value> =
                    map.into_iter().map(|(key, value)| (key, sort(value))).collect();
                map.into_iter().collect()
            }
            serde_json::Value::Array(list) => list.into_iter().map(sort).collect(),
            other => other,
        }
    }
    if !text.starts_with('{') {
        return text;
    }
    serde_json::from_str(&text).map_or(text, |value| sort(value).to_string())
}

/// The columns in which two plain runs differ.
pub fn volatile(one: &Dump, other: &Dump) -> Volatile {
    let mut volatile = Volatile::new();
    for (name, rows) in one {
        let (Ok(rows), Some(Ok(others))) = (rows, other.get(name)) else { continue };
        let columns = rows.iter().chain(others).map(Vec::len).max().unwrap_or(0);
        let values = |rows: &[Row], column: usize| {
            let mut values: Vec<_> = rows.iter().map(|r| r.get(column).cloned().flatten()).collect();
            values.sort();
            values
        };
        let differ = (0..columns).filter(|c| values(rows, *c) != values(others, *c)).collect();
        volatile.insert(name.clone(), differ);
    }
    volatile
}

/// The first difference of each relation, in words.
pub fn differences(expected: &Dump, got: &Dump, volatile: &Volatile) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, rows) in expected {
        let none = BTreeSet::new();
        let masked = volatile.get(name).unwrap_or(&none);
        let difference = match (rows, got.get(name)) {
            (Ok(rows), Some(Ok(others))) => first_difference(rows, others, masked),
            // Both refuse: nothing to compare.
            (Err(_), Some(Err(_))) => None,
            (Ok(rows), Some(Err(e))) => {
                Some(format!("{} rows in the plain run, refused here: {e}", rows.len()))
            }
            (Err(e), Some(Ok(_))) => Some(format!("the plain run refuses ({e}), here it can be read")),
            (_, None) => Some("is not there".to_owned()),
        };
        found.extend(difference.map(|d| (name.clone(), d)));
    }
    found
}

fn first_difference(rows: &[Row], others: &[Row], masked: &BTreeSet<usize>) -> Option<String> {
    if rows.len() != others.len() {
        return Some(format!("{} rows in the plain run, {} here", rows.len(), others.len()));
    }
    let (one, other) = (lines(rows, masked), lines(others, masked));
    let (a, b) = one.iter().zip(&other).find(|(a, b)| a != b)?;
    Some(format!("plain ({a}), here ({b})"))
}

/// Rows as sorted text; of what differs from run to run only whether it is there.
fn lines(rows: &[Row], masked: &BTreeSet<usize>) -> Vec<String> {
    let cell = |(number, cell): (usize, &Option<String>)| match cell {
        None => "NULL".to_owned(),
        Some(_) if masked.contains(&number) => "*".to_owned(),
        Some(text) => text.clone(),
    };
    let mut lines: Vec<String> =
        rows.iter().map(|r| r.iter().enumerate().map(cell).collect::<Vec<_>>().join(" | ")).collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(rows: &[&[&str]]) -> Dump {
        let rows = rows.iter().map(|r| r.iter().map(|c| Some((*c).to_owned())).collect()).collect();
        Dump::from([("t".to_owned(), Ok(rows))])
    }

    #[test]
    fn what_differs_from_run_to_run_is_not_compared() {
        let (one, twin) =
            (dump(&[&["1", "monday"], &["2", "monday"]]), dump(&[&["2", "friday"], &["1", "friday"]]));
        let mask = volatile(&one, &twin);
        assert_eq!(mask["t"], BTreeSet::from([1]));
        assert_eq!(differences(&one, &dump(&[&["2", "x"], &["1", "y"]]), &mask), []);
        let (_, what) = &differences(&one, &dump(&[&["3", "x"], &["1", "y"]]), &mask)[0];
        assert_eq!(what, "plain (2 | *), here (3 | *)");
        let (_, what) = &differences(&one, &dump(&[&["1", "x"]]), &mask)[0];
        assert_eq!(what, "2 rows in the plain run, 1 here");
    }

    #[test]
    fn keys_of_json_have_no_order() {
        assert_eq!(
            sorted("{\"b\": {\"d\": 1, \"c\": []}, \"a\": 2}".into()),
            "{\"a\":2,\"b\":{\"c\":[],\"d\":1}}"
        );
        assert_eq!(sorted("{ no JSON".into()), "{ no JSON");
    }

    #[test]
    fn refusals_are_differences() {
        let refused = Dump::from([("t".to_owned(), Err("42501 no".to_owned()))]);
        assert_eq!(differences(&dump(&[]), &refused, &Volatile::new()).len(), 1);
        assert_eq!(differences(&refused, &refused, &Volatile::new()), []);
        assert_eq!(differences(&dump(&[]), &Dump::new(), &Volatile::new()).len(), 1);
    }
}
