//! What an application does after the last migration: statements that break rules, deletes and updates of everything,
//! calls of functions.

use tenantry_postgres::ident::{quote_ident, quote_literal};
use tokio_postgres::Client;

use super::events::{Event, run};
use super::finding::Score;
use super::lab::Lab;
use super::model::{self, Column, Function, Table};
use super::values::value;

/// Columns of a table that are set to NULL one by one.
const COLUMNS_MAX: usize = 4;

/// Runs it on the plain database, and everywhere.
pub async fn check(lab: &Lab, score: &mut Score) {
    lab.plain.application().await;
    let tables = model::read(lab.plain.client()).await;
    let mut events = Vec::new();
    for function in model::functions(lab.plain.client()).await {
        for sql in calls(&function) {
            play(lab.plain.client(), &sql, &mut events).await;
        }
    }
    let accepted = lab.accepted();
    for (_, sql) in &accepted {
        let again = format!("{sql} ON CONFLICT DO NOTHING");
        play(lab.plain.client(), &again, &mut events).await;
    }
    // What is refused or taken back uses up values of a sequence, while a tenant's counter gives them again: nothing that
    // counts comes after.
    for table in &tables {
        for sql in of_table(table) {
            for sql in ["BEGIN", &sql, "ROLLBACK"] {
                play(lab.plain.client(), sql, &mut events).await;
            }
        }
        delete(lab.plain.client(), table, &tables, &mut events).await;
    }
    // What was taken once breaks a key when it comes again.
    for (_, sql) in &accepted {
        play(lab.plain.client(), sql, &mut events).await;
    }
    lab.repeat(&events, score).await;
}

async fn play(client: &Client, sql: &str, events: &mut Vec<Event>) {
    let outcome = run(client, sql).await;
    events.push(Event { sql: sql.to_owned(), outcome, returns: true });
}

/// Updates that break what a table demands, and one that breaks nothing.
fn of_table(table: &Table) -> Vec<String> {
    let name = quote_ident(&table.name);
    let set = |column: &str, sql: &str| format!("UPDATE {name} SET {} = {sql}", quote_ident(column));
    let mut statements = Vec::new();
    let writable = |c: &&Column| !c.generated && !c.identity;
    let plain: Vec<&Column> = table.columns.iter().filter(writable).collect();
    statements.extend(plain.first().map(|c| set(&c.name, &quote_ident(&c.name))));
    statements.extend(plain.iter().filter(|c| c.not_null).take(COLUMNS_MAX).map(|c| set(&c.name, "NULL")));
    for refers in table.refers.iter().take(COLUMNS_MAX) {
        let nowhere = refers.columns.first().and_then(|name| plain.iter().find(|c| c.name == *name));
        if let Some(column) = nowhere {
            let value = value(&column.of, 900_000, 0);
            statements.push(set(&column.name, &quote_literal(&value)));
        }
    }
    statements
}

/// Calls with two sets of values. Of rows only the number is compared: those of a table have the tenant column too.
fn calls(function: &Function) -> Vec<String> {
    let call = |number: usize| {
        let arguments: Vec<String> = function
            .takes
            .iter()
            .map(|(of, name)| format!("{}::{name}", quote_literal(&value(of, number, 0))))
            .collect();
        let call = format!("{}({})", quote_ident(&function.name), arguments.join(", "));
        match (function.procedure, function.rows) {
            (true, _) => format!("CALL {call}"),
            (_, true) => format!("SELECT count(*) FROM {call}"),
            _ => format!("SELECT {call}::text"),
        }
    };
    (0..if function.takes.is_empty() { 1 } else { 2 }).map(call).collect()
}

/// Deletes everything of a table, looks at what went with it, and takes it back.
async fn delete(client: &Client, table: &Table, tables: &[Table], events: &mut Vec<Event>) {
    play(client, "BEGIN", events).await;
    play(client, &format!("DELETE FROM {}", quote_ident(&table.name)), events).await;
    if events.last().is_some_and(|e| e.outcome.is_done()) {
        for other in tables.iter().filter(|t| t.refers.iter().any(|r| r.table == table.name)) {
            let columns: Vec<String> = other
                .refers
                .iter()
                .flat_map(|r| &r.columns)
                .map(|c| format!(", count({})", quote_ident(c)))
                .collect();
            let sql = format!("SELECT count(*){} FROM {}", columns.concat(), quote_ident(&other.name));
            play(client, &sql, events).await;
        }
    }
    play(client, "ROLLBACK", events).await;
}

#[cfg(test)]
mod tests {
    use super::super::model::Refers;
    use super::super::values::Type;
    use super::*;

    #[test]
    fn functions_are_called_by_what_they_are() {
        let of = Type { name: "int4".to_owned(), kind: 'b', ..Type::default() };
        let takes = vec![(of, "integer".to_owned())];
        let function = Function { name: "f".to_owned(), takes, ..Function::default() };
        assert_eq!(
            calls(&function),
            ["SELECT \"f\"('1'::integer)::text", "SELECT \"f\"('2'::integer)::text"]
        );
        let rows = Function { name: "g".to_owned(), rows: true, ..Function::default() };
        assert_eq!(calls(&rows), ["SELECT count(*) FROM \"g\"()"]);
    }

    #[test]
    fn a_table_is_tried_in_every_rule() {
        let of = Type { name: "int4".to_owned(), kind: 'b', ..Type::default() };
        let column = |name: &str, not_null| Column {
            name: name.to_owned(),
            not_null,
            of: of.clone(),
            ..Column::default()
        };
        let refers =
            Refers { table: "u".to_owned(), columns: vec!["u".to_owned()], to: vec!["id".to_owned()] };
        let table = Table {
            name: "t".to_owned(),
            columns: vec![column("id", true), column("u", false)],
            refers: vec![refers],
            ..Table::default()
        };
        assert_eq!(
            of_table(&table),
            [
                "UPDATE \"t\" SET \"id\" = \"id\"",
                "UPDATE \"t\" SET \"id\" = NULL",
                "UPDATE \"t\" SET \"u\" = '900001'",
            ]
        );
    }
}
