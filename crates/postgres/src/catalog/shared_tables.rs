//! The app's tables in a data database, as an application knows them: what the gateway rewrites statements by, and the names
//! of functions that leave nothing in a session.
//!
//! Read from schema `shared`, where the tables are that statements reach, and compared with `template`, which tells whether
//! the tenant column is the app's own and what its keys were.

use std::collections::BTreeSet;

use tenantry_domain::{ErrorCode, Result, ResultExt};
use tokio_postgres::GenericClient;

use super::part::get;

const TABLES: &str = include_str!("shared_tables.sql");
const SEQUENCES: &str = include_str!("global_sequences.sql");
const HARMLESS: &str = include_str!("harmless_functions.sql");

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTable {
    /// Its name.
    pub name: String,
    /// It belongs to no tenant.
    pub global: bool,
    /// Its columns in order, without the tenant column unless the app's own text has it.
    pub columns: Vec<String>,
    /// Those of them that are computed from others.
    pub generated: Vec<String>,
    /// The columns of its primary key as the app wrote it.
    pub primary_key: Vec<String>,
    /// The tables that its foreign keys refer to.
    pub references: Vec<String>,
    /// A trigger or a rule of the app acts on DELETE.
    pub acts_on_delete: bool,
    /// The sequences of its columns, with their first values.
    pub counters: Vec<(String, i64)>,
}

/// Reads the tables of a data database with this tenant column.
///
/// # Errors
/// `database` where the server refused.
pub async fn shared_tables(client: &impl GenericClient, tenant_column: &str) -> Result<Vec<SharedTable>> {
    let rows = client.query(TABLES, &[&tenant_column]).await;
    let rows = rows.code(ErrorCode::Database, "read the shared tables")?;
    let table = |row| {
        let names: Vec<String> = get(row, "counters")?;
        let starts: Vec<i64> = get(row, "starts")?;
        Ok(SharedTable {
            name: get(row, "name")?,
            global: get(row, "global")?,
            columns: get(row, "columns")?,
            generated: get(row, "generated")?,
            primary_key: get(row, "primary_key")?,
            references: get(row, "refers_to")?,
            acts_on_delete: get(row, "acts_on_delete")?,
            counters: names.into_iter().zip(starts).collect(),
        })
    };
    rows.iter().map(table).collect()
}

/// Reads the names of the sequences that belong to no tenant.
///
/// # Errors
/// `database` where the server refused.
pub async fn global_sequences(client: &impl GenericClient) -> Result<Vec<String>> {
    let rows = client.query(SEQUENCES, &[]).await;
    let rows = rows.code(ErrorCode::Database, "read the global sequences")?;
    rows.iter().map(|row| get(row, "name")).collect()
}

/// Reads the names of functions that change nothing and leave nothing in the session, whichever of those of a name is meant.
///
/// # Errors
/// `database` where the server refused.
pub async fn harmless_functions(client: &impl GenericClient) -> Result<BTreeSet<String>> {
    let rows = client.query(HARMLESS, &[]).await;
    let rows = rows.code(ErrorCode::Database, "read the server's functions")?;
    rows.iter().map(|row| get(row, "name")).collect()
}
