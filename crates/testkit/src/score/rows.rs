//! Makes rows for whatever tables are there, in the order of their foreign keys, by trial. Trials run in a database of
//! their own: a refused INSERT takes a value of a sequence with it, while the counters of tenants take it back.

use std::collections::BTreeMap;

use tenantry_postgres::ident::{quote_ident, quote_literal};
use tokio_postgres::Client;

use super::events::{Event, Outcome, Refusal, run};
use super::model::{Check, Column, Refers, Table};
use super::values::{TRIALS, value};

/// Rows wanted in each table.
const ROWS_WANTED: i64 = 3;
/// Attempts for one row.
const ATTEMPTS_MAX: usize = 14;

/// Remembers from one call to the next which rows were made.
#[derive(Debug, Default)]
pub struct Rows {
    numbers: BTreeMap<String, usize>,
    signatures: BTreeMap<String, String>,
    /// The last INSERT that each table took, by table.
    pub accepted: BTreeMap<String, String>,
}

/// Which columns a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All that may be named.
    Full,
    /// Those that must be named.
    Minimal,
    /// All, with a value for what the server counts.
    Explicit,
}

/// How a row is made.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The table.
    pub table: &'a Table,
    /// Which columns.
    pub form: Form,
    /// Which row.
    pub number: usize,
    /// How often each column's value was refused; values change with it.
    pub refused: BTreeMap<String, usize>,
    /// Values that are given, as SQL.
    pub given: BTreeMap<String, String>,
}

impl Rows {
    /// Makes rows in every table that has few of them or has changed its columns since.
    pub async fn fill(&mut self, trial: &Client, plain: &Client, tables: &[Table]) -> Vec<Event> {
        let mut events = Vec::new();
        for table in tables {
            let name = table.name.clone();
            let have = count(plain, &name).await;
            let changed = self.signatures.insert(name, table.signature()) != Some(table.signature());
            let wanted = if changed { ROWS_WANTED.max(2) } else { ROWS_WANTED - have };
            for nth in 0..wanted {
                let form = [Form::Full, Form::Minimal, Form::Explicit][usize::try_from(nth).unwrap_or(0) % 3];
                let Some(sql) = self.make(trial, (table, form)).await else { break };
                let outcome = run(plain, &sql).await;
                events.push(Event { sql, outcome, returns: false });
            }
        }
        events
    }

    /// One row, by trial: the statement that the server took.
    async fn make(&mut self, client: &Client, (table, form): (&Table, Form)) -> Option<String> {
        let mut refused = BTreeMap::new();
        let mut forms = [form, Form::Full, Form::Minimal].into_iter().cycle();
        let mut form = forms.next().unwrap_or(form);
        for attempt in 0..ATTEMPTS_MAX {
            let number = self.numbers.entry(table.name.clone()).or_default();
            *number += 1;
            let mut plan =
                Plan { table, form, number: *number, refused: refused.clone(), given: BTreeMap::new() };
            plan.given = references(client, &plan).await;
            let sql = insert(&plan)?;
            let Outcome::Refused(refusal) = run(client, &sql).await else {
                self.accepted.insert(table.name.clone(), sql.clone());
                return Some(sql);
            };
            learn(&refusal, table, &mut refused);
            if attempt % 4 == 3 {
                form = forms.next().unwrap_or(form);
            }
        }
        None
    }
}

/// How many rows a table has.
pub async fn count(client: &Client, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {}", quote_ident(table));
    client.query_one(&sql, &[]).await.map_or(0, |row| row.get(0))
}

/// Which columns another value is tried for.
fn learn(refusal: &Refusal, table: &Table, refused: &mut BTreeMap<String, usize>) {
    let check = table.checks.iter().find(|c| Some(&c.name) == refusal.constraint.as_ref());
    let columns: Vec<&str> = match (check, &refusal.column) {
        (Some(check), _) if !check.columns.is_empty() => check.columns.iter().map(String::as_str).collect(),
        (_, Some(column)) => vec![column],
        _ => table.columns.iter().map(|c| c.name.as_str()).collect(),
    };
    for column in columns {
        *refused.entry(column.to_owned()).or_default() += 1;
    }
}

/// Values of foreign keys: a row that is there, counted from the first, in the same way in every database.
async fn references(client: &Client, plan: &Plan<'_>) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for refers in &plan.table.refers {
        if refers.columns.iter().any(|c| given.contains_key(c)) {
            continue;
        }
        let rows = count(client, &refers.table).await;
        let is_optional = !plan.table.needs(refers);
        if rows == 0 || is_optional && plan.form == Form::Minimal {
            let sql = if is_optional { "NULL" } else { "" };
            given.extend(refers.columns.iter().map(|c| (c.clone(), sql.to_owned())));
            continue;
        }
        let offset = i64::try_from(plan.number).unwrap_or(0) % rows;
        given.extend(reference(refers, offset));
    }
    given
}

fn reference(refers: &Refers, offset: i64) -> Vec<(String, String)> {
    let order: Vec<String> = refers.to.iter().map(|c| quote_ident(c)).collect();
    let order = order.join(", ");
    let table = quote_ident(&refers.table);
    let pairs = refers.columns.iter().zip(&refers.to).map(|(column, to)| {
        let to = quote_ident(to);
        let sql = format!("(SELECT {to} FROM {table} ORDER BY {order} LIMIT 1 OFFSET {offset})");
        (column.clone(), sql)
    });
    pairs.collect()
}

/// The statement; none when a row that it needs is not there.
pub fn insert(plan: &Plan<'_>) -> Option<String> {
    let table = plan.table;
    let partition = table.partition_values();
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in &table.columns {
        let sql = match plan.given.get(&column.name) {
            Some(sql) if sql.is_empty() => return None,
            Some(sql) if sql == "NULL" && plan.form == Form::Minimal => continue,
            Some(sql) => sql.clone(),
            None => match partition.get(&column.name) {
                Some(text) => quote_literal(text),
                None => match column_value(plan, column) {
                    Some(sql) => sql,
                    None => continue,
                },
            },
        };
        names.push(quote_ident(&column.name));
        values.push(sql);
    }
    let into = quote_ident(&table.name);
    if names.is_empty() {
        return Some(format!("INSERT INTO {into} DEFAULT VALUES"));
    }
    Some(format!("INSERT INTO {into} ({}) VALUES ({})", names.join(", "), values.join(", ")))
}

/// A column's value as SQL; none where the row doesn't name it.
fn column_value(plan: &Plan<'_>, column: &Column) -> Option<String> {
    if column.generated || column.identity {
        return None;
    }
    let default = column.default.as_deref();
    let is_counted = default.is_some_and(|d| d.contains("nextval("));
    if is_counted && plan.form != Form::Explicit {
        return None;
    }
    // A default that calls a function (the time, a random key) differs in every run.
    let is_fixed = default.is_some_and(|d| !d.contains('('));
    if plan.form == Form::Minimal && (is_fixed || !column.not_null && default.is_none()) {
        return None;
    }
    let refused = plan.refused.get(&column.name).copied().unwrap_or(0);
    let number = if is_counted { plan.number + 1000 } else { plan.number };
    if refused == 0 {
        return Some(quote_literal(&value(&column.of, number, 0)));
    }
    let checks = plan.table.checks.iter().filter(|c| c.columns.contains(&column.name));
    let checks: Vec<&Check> = checks.collect();
    // Checks of several columns are often about which of them is empty.
    let place = checks
        .iter()
        .filter(|c| c.columns.len() > 1)
        .find_map(|c| c.columns.iter().position(|name| *name == column.name));
    if let Some(place) = place
        && !column.not_null
        && place < 8
        && refused >> place & 1 == 1
    {
        return Some("NULL".to_owned());
    }
    let mut candidates: Vec<String> = checks.iter().flat_map(|c| constants(&c.text, number)).collect();
    candidates.extend((1..TRIALS).map(|family| value(&column.of, number, family)));
    candidates.push(value(&column.of, number, 0));
    Some(quote_literal(&candidates[(refused - 1) % candidates.len()]))
}

/// What stands in a check: strings as they are; numbers, the ones beside them, and texts of that length.
fn constants(check: &str, number: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut parts = check.split('\'');
    let mut numbers = Vec::new();
    while let Some(outside) = parts.next() {
        for word in outside.split(|c: char| !c.is_ascii_digit()).filter(|w| !w.is_empty() && w.len() < 6) {
            numbers.extend(word.parse::<usize>());
        }
        if let Some(inside) = parts.next() {
            found.push(inside.to_owned());
        }
    }
    for n in numbers {
        found.push(n.to_string());
        found.push((n + 1).to_string());
        if (1..300).contains(&n) {
            let text = format!("{number:a>n$}");
            found.push(text[text.len() - n..].to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::values::Type;
    use super::*;

    fn column(name: &str, kind: &str) -> Column {
        let of = Type { name: kind.to_owned(), kind: 'b', ..Type::default() };
        Column { name: name.to_owned(), of, ..Column::default() }
    }

    fn sql(table: &Table, form: Form, refused: &[(&str, usize)]) -> String {
        let refused = refused.iter().map(|(c, n)| ((*c).to_owned(), *n)).collect();
        insert(&Plan { table, form, number: 1, refused, given: BTreeMap::new() }).unwrap()
    }

    #[test]
    fn forms_name_different_columns() {
        let counted =
            Column { default: Some("nextval('x')".to_owned()), not_null: true, ..column("id", "int4") };
        let made = Column { generated: true, ..column("made", "int4") };
        let at = Column { default: Some("now()".to_owned()), ..column("at", "date") };
        let columns = vec![counted, made, at, column("note", "text")];
        let table = Table { name: "t".to_owned(), columns, ..Table::default() };
        assert_eq!(
            sql(&table, Form::Full, &[]),
            "INSERT INTO \"t\" (\"at\", \"note\") VALUES ('2020-01-02', 'text 1')"
        );
        assert_eq!(sql(&table, Form::Minimal, &[]), "INSERT INTO \"t\" (\"at\") VALUES ('2020-01-02')");
        assert!(sql(&table, Form::Explicit, &[]).contains("VALUES ('1002', "));
    }

    #[test]
    fn refused_values_change() {
        let check = Check {
            name: "c".to_owned(),
            text: "CHECK ((state = ANY (ARRAY['on'::text, 'off'::text])))".to_owned(),
            columns: vec!["state".to_owned()],
        };
        let table = Table {
            name: "t".to_owned(),
            columns: vec![column("state", "text")],
            checks: vec![check],
            ..Table::default()
        };
        assert!(sql(&table, Form::Full, &[("state", 1)]).ends_with("('on')"));
        assert!(sql(&table, Form::Full, &[("state", 2)]).ends_with("('off')"));
        assert_eq!(constants("CHECK (length(a) = 3)", 1), ["3", "4", "aa1"]);
    }
}
