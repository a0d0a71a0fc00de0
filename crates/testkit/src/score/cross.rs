//! Point (d): one tenant empties what it can and names the other outright; the other must not notice.

use tenantry_domain::Isolation;
use tenantry_postgres::ident::{quote_ident, quote_literal};

use super::dump::{self, Dump, Volatile};
use super::events::{Event, Outcome, run};
use super::finding::{Finding, Point, Score};
use super::lab::{Halt, Lab};
use super::model::{self, Table};

const REACH: &str = include_str!("cross/reach.sql");

/// Deletes all rows of a table, or of all; those first that refer to others.
pub fn delete_rows(tables: &[Table], only: Option<&str>) -> Vec<String> {
    let mut doomed: Vec<&str> = only.into_iter().collect();
    loop {
        let more = tables.iter().find(|t| {
            !doomed.contains(&t.name.as_str())
                && (only.is_none() || t.refers.iter().any(|r| doomed.contains(&r.table.as_str())))
        });
        match more {
            Some(table) => doomed.push(&table.name),
            None => break,
        }
    }
    let order = tables.iter().rev().filter(|t| doomed.contains(&t.name.as_str()));
    let deletes: Vec<String> = order.map(|t| format!("DELETE FROM {}", quote_ident(&t.name))).collect();
    // Once more for circles that open only when others are gone.
    deletes.iter().chain(&deletes).cloned().collect()
}

/// The first tenant of each isolation deletes what it has; the second one must keep all of it.
///
/// # Errors
/// When materialized views can't be refreshed.
pub async fn check(lab: &mut Lab, volatile: &Volatile, score: &mut Score) -> Result<(), Halt> {
    lab.refresh().await?;
    let relations = lab.relations().await;
    let mut before: Vec<Dump> = Vec::new();
    for (_, pair) in lab.pairs() {
        before.push(dump::read(&pair[1].client, &relations).await);
    }
    let tables = model::read(lab.plain.client()).await;
    // Those that others refer to first: what foreign keys do to the others' rows must stay with the tenant too.
    let parents = tables.iter().map(|t| format!("DELETE FROM {}", quote_ident(&t.name)));
    for (isolation, pair) in lab.pairs() {
        reach(lab, isolation, score).await;
        if isolation == Isolation::Shared {
            name_the_other(lab, (&pair[1].client, pair[0].id.to_string()), &tables, score).await;
        }
    }
    let mut deletes: Vec<Event> = Vec::new();
    let plain = lab.plain.application().await;
    for sql in parents.chain(delete_rows(&tables, None)) {
        let outcome = run(plain, &sql).await;
        deletes.push(Event { sql, outcome, returns: false });
    }
    for (isolation, pair) in lab.pairs() {
        for event in &deletes {
            let got = run(&pair[0].client, &event.sql).await;
            if !super::events::agrees(event, &got) {
                let what = format!("{}\nplain: {}\nhere:  {}", event.sql, event.outcome.words(), got.words());
                add(score, isolation, what);
            }
        }
    }
    lab.refresh().await?;
    let emptied = dump::read(lab.plain.application().await, &relations).await;
    // What views tell of the time changes by itself; what tables hold doesn't.
    let is_view =
        |name: &String| relations.iter().any(|r| r.name == *name && matches!(r.kind.as_str(), "v" | "m"));
    let of_views: Volatile =
        volatile.iter().filter(|(name, _)| is_view(name)).map(|(n, c)| (n.clone(), c.clone())).collect();
    for ((isolation, pair), kept) in lab.pairs().into_iter().zip(before) {
        let empty = dump::read(&pair[0].client, &relations).await;
        for (name, what) in dump::differences(&emptied, &empty, volatile) {
            add(score, isolation, format!("{name} after a tenant has deleted all that it has: {what}"));
        }
        let still = dump::read(&pair[1].client, &relations).await;
        for (name, what) in dump::differences(&kept, &still, &of_views) {
            add(score, isolation, format!("{name} changed when the other tenant deleted its rows: {what}"));
        }
    }
    Ok(())
}

/// What the catalog lets a tenant's login reach beside its own.
async fn reach(lab: &Lab, isolation: Isolation, score: &mut Score) {
    for tenant in lab.tenants.of(isolation) {
        let client = crate::server::server().await.connect(&tenant.home.0).await;
        let rows = client.query(REACH, &[&tenant.role, &tenant.home.1]).await.expect("read privileges");
        for row in rows {
            let what = format!("a tenant can reach {}", row.get::<_, String>(0));
            add(score, isolation, what);
        }
    }
}

/// Naming the other tenant in shared tables shows nothing and changes nothing.
async fn name_the_other(
    lab: &Lab,
    (client, other): (&tokio_postgres::Client, String),
    tables: &[Table],
    score: &mut Score,
) {
    let (column, other) = (quote_ident(lab.tenant_column()), quote_literal(&other));
    for table in tables {
        let name = quote_ident(&table.name);
        let read = format!("SELECT 1 FROM {name} WHERE {column}::text = {other}");
        match run(client, &read).await {
            Outcome::Done(_, rows) if !rows.is_empty() => {
                add(score, Isolation::Shared, format!("{read}\nshows rows of the other tenant"));
            }
            _ => {}
        }
        for write in [
            format!("UPDATE {name} SET {column} = {other}"),
            format!("DELETE FROM {name} WHERE {column}::text = {other}"),
        ] {
            run(client, "BEGIN").await;
            if let Outcome::Done(touched, _) = run(client, &write).await
                && touched > 0
            {
                add(score, Isolation::Shared, format!("{write}\nchanged {touched} rows"));
            }
            run(client, "ROLLBACK").await;
        }
    }
}

fn add(score: &mut Score, isolation: Isolation, what: String) {
    score.add(Finding { point: Point::D, place: String::new(), shape: isolation.to_string(), what });
}

#[cfg(test)]
mod tests {
    use super::super::model::Refers;
    use super::*;

    #[test]
    fn rows_that_refer_go_first() {
        let refers = |to: &str| Refers { table: to.to_owned(), ..Refers::default() };
        let table = |name: &str, to: &[&str]| Table {
            name: name.to_owned(),
            refers: to.iter().map(|t| refers(t)).collect(),
            ..Table::default()
        };
        let tables = [table("a", &[]), table("b", &["a"]), table("c", &["b"]), table("d", &[])];
        let of_b = delete_rows(&tables, Some("b"));
        assert_eq!(of_b[..2], ["DELETE FROM \"c\"", "DELETE FROM \"b\""]);
        assert_eq!(delete_rows(&tables, None).len(), 8);
    }
}
