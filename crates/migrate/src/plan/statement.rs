//! One statement of a pending file: its locks, and what it becomes in each shape.

use serde::Serialize;
use tenantry_domain::layout;
use tenantry_shape::Scope;
use tenantry_shape::lint::{self, Linted, LockMode};

use crate::apply::shaped::{Run, Shaped};

/// Stands for the schema of a tenant.
const TENANT_SCHEMA: &str = "tenant_<id>";

/// A statement as planned.
#[derive(Clone, Debug, Serialize)]
pub struct StatementPlan {
    /// The line of its first token, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// As written.
    pub source: String,
    /// On tables that were there before.
    pub locks: Vec<Lock>,
    /// What was left out on purpose, and why.
    pub notes: Vec<String>,
    /// What runs for the shared tables.
    pub shared: Vec<Sql>,
    /// What runs in the template schema and in each tenant's own.
    pub schema: Vec<Sql>,
    /// What runs in the template database and in each tenant's own.
    pub database: Vec<Sql>,
}

/// A lock as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The table.
    pub table: String,
    /// The mode, as SQL names it.
    pub mode: &'static str,
    /// What waits for it.
    pub stops: &'static str,
    /// How long the statement needs it.
    pub hold: &'static str,
    /// Whether writes wait at least.
    pub is_strong: bool,
}

/// A statement that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sql {
    /// Its text.
    pub sql: String,
    /// Whether it runs once for each tenant of the shared tables.
    pub per_tenant: bool,
    /// Whether it runs in the file's transaction.
    pub transactional: bool,
    /// Whether it waits until the last tenant with a schema has passed: it takes something from a global table.
    pub retiring: bool,
}

/// Each statement of a file; without SQL where the file could not be shaped.
pub(super) fn plans(shaped: Option<&Shaped>, linted: &Linted) -> Vec<StatementPlan> {
    let Some(shaped) = shaped else { return linted.statements.iter().map(unshaped).collect() };
    let (mut shared, schema, database) = (shaped.shared(), shaped.own_schema(), shaped.own_database());
    let put_off = shared.len();
    shared.extend(shaped.retiring());
    let of = |runs: &[Run<'_>], line: usize, column: usize, schema: &str, is_shared: bool| {
        let mine = |(_, r): &(usize, &Run<'_>)| (r.statement.line, r.statement.column) == (line, column);
        let mine = runs.iter().enumerate().filter(mine);
        mine.map(|(number, run)| Sql {
            sql: run.emitted.render(schema),
            per_tenant: is_shared && run.emitted.scope == Scope::Tenant,
            transactional: run.emitted.transactional,
            retiring: is_shared && number >= put_off,
        })
        .collect::<Vec<_>>()
    };
    let statements = shaped.statements.iter().map(|statement| {
        let (line, column) = (statement.line, statement.column);
        let locks = linted.statements.iter().find(|l| (l.line, l.column) == (line, column));
        StatementPlan {
            line,
            column,
            source: statement.source.clone(),
            locks: locks.map(|l| l.locks.iter().map(lock).collect()).unwrap_or_default(),
            notes: statement.notes.clone(),
            shared: of(&shared, line, column, layout::SHARED_SCHEMA, true),
            schema: of(&schema, line, column, TENANT_SCHEMA, false),
            database: of(&database, line, column, layout::DATABASE_SCHEMA, false),
        }
    });
    statements.collect()
}

fn unshaped(statement: &lint::Locks) -> StatementPlan {
    StatementPlan {
        line: statement.line,
        column: statement.column,
        source: statement.source.clone(),
        locks: statement.locks.iter().map(lock).collect(),
        notes: Vec::new(),
        shared: Vec::new(),
        schema: Vec::new(),
        database: Vec::new(),
    }
}

fn lock(lock: &lint::Lock) -> Lock {
    Lock {
        table: lock.table.clone(),
        mode: lock.mode.as_str(),
        stops: lock.mode.stops(),
        hold: lock.hold.as_str(),
        is_strong: lock.mode >= LockMode::Share,
    }
}
