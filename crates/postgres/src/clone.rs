//! The script that makes a schema anew, under another name, in the same database or elsewhere.
//!
//! A new tenant is made from the template by this script and not by replaying migrations: its cost follows
//! what the schema is, not how it became so. [`clone_script`] reads the template once; the result can be kept
//! and rendered for any number of schemas. Left to the caller: `CREATE SCHEMA`, the role that runs the script
//! (it owns what is made), default privileges, and the transaction around it.

mod child;
mod graph;
mod plan;
mod rows;
mod table;

use serde::{Deserialize, Serialize};
use tenantry_domain::Result;
use tenantry_domain::layout::{EXTENSIONS_SCHEMA, GLOBAL_SCHEMA};
use tokio_postgres::GenericClient;

pub use rows::{RowColumn, SequenceValue, TableRows};

use crate::catalog::mark::{is_marked, rendered};
use crate::catalog::source::{self, Source};
use crate::catalog::{Catalog, ObjectKind};
use crate::ident::quote_ident;

const BYPASS_LEND: &str = include_str!("clone/bypass_lend.sql");
const BYPASS_TAKE_BACK: &str = include_str!("clone/bypass_take_back.sql");

/// How to make a schema anew. In its texts a mark stands for the schema's name: only
/// [`render`](Self::render) and [`rename_script`](Self::rename_script) turn them into SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneScript {
    /// Before the rows: types, sequences, functions, tables, views.
    pub structure: String,
    /// After the rows: keys, indexes, foreign keys, triggers, policies, comments.
    pub constraints: String,
    /// The tables that hold rows; no row refers to a table further down, unless tables refer to each other.
    pub rows: Vec<TableRows>,
    /// Where the sequences stand.
    pub sequences: Vec<SequenceValue>,
    /// Statements whose text names the schema: `ALTER SCHEMA ... RENAME` does not reach into it.
    pub textual: Vec<String>,
    /// What the schema holds: a clone's catalog is equal to it.
    pub catalog: Catalog,
}

/// Reads a schema and orders the statements that make it anew.
///
/// The client has to be in a transaction, as for [`catalog::read`](crate::catalog::read), and needs `SELECT` on
/// the tables and sequences. Costs four round trips.
///
/// # Errors
/// As for reading the catalog; `shape_refused` also for objects that need each other in a ring, and for rows
/// whose values are oids of objects that no name stands for while rows are copied.
pub async fn clone_script(client: &impl GenericClient, template_schema: &str) -> Result<CloneScript> {
    let source = source::read(client, template_schema).await?;
    let plan = plan::plan(&source)?;
    let (rows, sequences) = futures_util::future::try_join(
        rows::tables(client, (template_schema, &source), &plan.references),
        rows::sequences(client, &source),
    )
    .await?;
    Ok(CloneScript {
        structure: script(&plan.structure),
        constraints: script(&plan.constraints),
        rows,
        sequences,
        textual: textual(&source),
        catalog: Catalog::of(&source),
    })
}

impl CloneScript {
    /// One text of many statements for the empty schema `new_schema`; `rows_from`: the schema of the same database
    /// that rows are copied from, none where they come another way (then `sequences` are set all the same).
    ///
    /// To be run in a transaction. It sets `search_path` and `check_function_bodies` for the rest of that.
    pub fn render(&self, new_schema: &str, rows_from: Option<&str>) -> String {
        let new = quote_ident(new_schema);
        let mut text = prologue(&new);
        text.push_str(&rendered(&self.structure, &new));
        if let Some(from) = rows_from.filter(|_| !self.rows.is_empty()) {
            let from = quote_ident(from);
            // A policy that would hide rows is an error and not a smaller copy.
            text.push_str("SET LOCAL row_security = off;\n");
            let guarded = self.rows.iter().any(|t| t.guarded);
            if guarded {
                text.push_str(BYPASS_LEND);
            }
            for table in &self.rows {
                text.push_str(&table.insert(&from, &new));
                text.push_str(";\n");
            }
            if guarded {
                text.push_str(BYPASS_TAKE_BACK);
            }
            text.push_str("SET LOCAL row_security = on;\n");
        }
        let calls: Vec<String> = self.sequences.iter().map(SequenceValue::call).collect();
        if !calls.is_empty() {
            text.push_str(&format!("SELECT {};\n", calls.join(", ")));
        }
        text.push_str(&rendered(&self.constraints, &new));
        text
    }

    /// One text of many statements that renames a schema made by this script, within its texts too.
    pub fn rename_script(&self, old: &str, new: &str) -> String {
        let new = quote_ident(new);
        let mut text = format!("ALTER SCHEMA {} RENAME TO {new};\n", quote_ident(old));
        if !self.textual.is_empty() {
            text.push_str(&prologue(&new));
            text.push_str(&rendered(&script(&self.textual), &new));
        }
        text
    }
}

fn prologue(schema: &str) -> String {
    format!(
        "SET LOCAL search_path = {schema}, {}, {};\nSET LOCAL check_function_bodies = off;\n",
        quote_ident(GLOBAL_SCHEMA),
        quote_ident(EXTENSIONS_SCHEMA)
    )
}

fn textual(source: &Source) -> Vec<String> {
    let functions =
        source.parts.iter().filter(|p| matches!(p.kind, ObjectKind::Function | ObjectKind::Procedure));
    functions.filter_map(|p| p.head.clone()).filter(|head| is_marked(head)).collect()
}

fn script(statements: &[String]) -> String {
    statements.iter().map(|s| format!("{s};\n")).collect()
}
