//! How well a history of migrations is carried: the same text run plainly, and by the product in every isolation for two
//! tenants each, compared point by point.
//!
//! The plain run is the original text in one database, statement by statement, as psql runs it. Before every file that
//! touches rows, and at the end, rows are made by trial in the plain database; every attempt, refused ones too, is then
//! repeated by each tenant through its own login. So the tables hold rows when data is migrated, two tenants hold identical
//! keys, and whatever an application sees differently shows as a difference.
//!
//! What the product refuses fails point (a); it is then left out of both sides, so that the rest can still be compared.

mod behaviour;
mod check;
mod compare;
mod cross;
mod dump;
mod events;
mod finding;
mod history;
mod lab;
mod lexer;
mod model;
mod plain;
mod refusals;
mod report;
mod rows;
mod rules;
mod run;
mod snapshot;
mod tenants;
mod values;

use std::path::Path;

use tenantry_domain::{MigrationLayout, Result};

pub use finding::{Finding, Point, Score};
pub use report::text;

/// How a history is scored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The tenant column; without it the usual one, or another when the history speaks of that one.
    pub tenant_column: Option<String>,
    /// Tables that belong to no tenant.
    pub global: Vec<String>,
    /// The folder's layout; without it the one that its names tell.
    pub layout: Option<MigrationLayout>,
    /// Files and folders that are no migrations, as in an app's configuration.
    pub ignore: Vec<String>,
    /// How many migrations are scored at most.
    pub files_max: Option<usize>,
    /// What is done to the shared database behind the product's back, to show that a score notices.
    pub tamper: Option<Tamper>,
}

/// SQL that a superuser runs in the data database.
#[derive(Clone, Debug)]
pub struct Tamper {
    /// When.
    pub when: When,
    /// The statements.
    pub sql: String,
}

/// Moments of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When the tenants are there and nothing is applied.
    Start,
    /// When everything is applied and rows are made, before anything is compared.
    End,
}

/// Scores a folder of migrations on the test server.
///
/// # Errors
/// When the folder can't be read.
pub async fn score(folder: &Path, options: &Options) -> Result<Score> {
    run::run(folder, options).await
}

/// Tells what the product refuses of a folder, and applies nothing: point (a) alone.
///
/// # Errors
/// When the folder can't be read.
pub async fn refusals(folder: &Path, options: &Options) -> Result<Score> {
    run::shaped_only(folder, options).await
}
