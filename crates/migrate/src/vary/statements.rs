//! The statements of a variation: shaped as those of a plain migration, each with the place that it stands at.

use serde::{Deserialize, Serialize};
use tenantry_domain::{App, Error, ErrorCode, Result};
use tenantry_registry::{Placement, Variation};
use tenantry_shape::{Emitted, History, Scope, Statement};

use super::Source;
use crate::apply::shaped::options;
use crate::source::read_service;

/// A statement as it runs in the tenant's schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// As it was written.
    pub source: String,
    pub sql: String,
}

impl Written {
    /// Where an error says that it stands.
    pub fn statement(&self) -> Statement {
        Statement {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            source: self.source.clone(),
            ..Statement::default()
        }
    }
}

/// Shapes a file for the place where a tenant's data is: after the migrations and variations that are there.
pub(super) fn read(
    app: &App,
    placement: &Placement,
    declared: &[Variation],
    source: &Source<'_>,
) -> Result<Vec<Written>> {
    let mut history = History::new(options(app));
    if let Some(service) = app.services.get(&placement.service) {
        let migrations = read_service(service)?.migrations;
        for file in migrations.iter().filter(|m| m.version <= placement.version) {
            // It is applied there: what it takes to shape it (a server for its blocks) is not needed to know its tables.
            let _ = history.apply(&file.file(), &file.text);
        }
    }
    for variation in declared.iter().filter(|v| v.service == placement.service) {
        let _ = history.apply(&variation.file, &variation.text);
    }
    let statements = history.apply(source.file, source.text).map_err(Error::from)?;
    let mut written = Vec::new();
    for statement in &statements {
        for emitted in &statement.plain {
            check(statement, emitted)?;
            written.push(Written {
                file: statement.file.clone(),
                line: statement.line,
                column: statement.column,
                source: statement.source.clone(),
                sql: emitted.render(&placement.schema),
            });
        }
    }
    Ok(written)
}

/// A variation is one tenant's alone, and one transaction's.
fn check(statement: &Statement, emitted: &Emitted) -> Result<()> {
    let place = format!("{}:{}:{}", statement.file, statement.line, statement.column);
    let refused = |what: &str, help: &str| {
        Err(Error::new(ErrorCode::VariationRefused, format!("{place}: {what}")).help(help.to_owned()))
    };
    if !emitted.transactional {
        return refused(
            "the statement can't run in a transaction, and a variation is one",
            "leave out CONCURRENTLY: only this one tenant waits",
        );
    }
    if emitted.scope == Scope::Database || emitted.sql.starts_with("CREATE EXTENSION ") {
        return refused(
            "the statement changes what belongs to all tenants",
            "put extensions and global tables into a migration",
        );
    }
    Ok(())
}
