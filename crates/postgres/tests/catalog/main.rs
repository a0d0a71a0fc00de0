//! Catalogs and clones of schemas, on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clones;
mod differences;
mod mends;
mod refusals;
mod server;
mod statements;

use tenantry_postgres::catalog::{self, Catalog};
use tenantry_postgres::clone::{self, CloneScript};
use tokio_postgres::Client;

async fn read(client: &mut Client, schema: &str) -> Catalog {
    let transaction = client.transaction().await.unwrap();
    catalog::read(&transaction, schema).await.unwrap()
}

async fn script(client: &mut Client, schema: &str) -> tenantry_domain::Result<CloneScript> {
    let transaction = client.transaction().await.unwrap();
    clone::clone_script(&transaction, schema).await
}

/// Runs the script as a role that may do nothing but own the new schema and read the old.
async fn make(client: &mut Client, script: &CloneScript, schema: &str, rows_from: Option<&str>) {
    let text = script.render(schema, rows_from);
    let owner = value(client, "SELECT current_database() || '_owner'").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    transaction
        .batch_execute(&format!(
            "DO $$ BEGIN CREATE ROLE {owner} NOLOGIN BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             GRANT USAGE ON SCHEMA template TO {owner}; GRANT SELECT ON ALL TABLES IN SCHEMA template TO {owner};
             CREATE SCHEMA \"{schema}\" AUTHORIZATION {owner}; SET LOCAL ROLE {owner}"
        ))
        .await
        .unwrap();
    if let Err(e) = transaction.batch_execute(&text).await {
        let at = match e.as_db_error().and_then(|d| d.position()) {
            Some(tokio_postgres::error::ErrorPosition::Original(at)) => *at as usize,
            _ => 0,
        };
        let place: String = text.chars().skip(at.saturating_sub(300)).take(600).collect();
        panic!("{e:?}\nnear: {place}");
    }
    transaction.commit().await.unwrap();
}

/// The single value of a query, as text.
async fn value(client: &Client, query: &str) -> Option<String> {
    let rows = client.simple_query(query).await.unwrap();
    rows.iter().find_map(|m| match m {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}
