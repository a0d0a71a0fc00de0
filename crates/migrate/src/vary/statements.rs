//! The statements of a variation: shaped as those of a plain migration, each with the place that it stands at.

use serde::{Deserialize, Serialize};
use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_registry::{Placement, Variation};
use tenantry_shape::{Emitted, History, Scope, Statement};

use crate::apply::shaped::{Shaped, options, shape_file};
use crate::shadow::{Shadow, Shaping};
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

/// Shapes a file for the place where a tenant's data is: after the migrations and variations that are there. Blocks: it
/// parses, and may try blocks on a shadow database.
pub(super) fn read(
    shaping: Shaping<'_>,
    placement: &Placement,
    declared: &[Variation],
    (file, text): (&str, &str),
) -> Result<Vec<Written>> {
    let mut shadow = Shadow::new(shaping)?;
    let statements = shape(shaping, placement, declared, ((file, text), &mut shadow));
    let closed = shadow.close();
    let statements = statements?;
    closed?;
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

fn shape(
    shaping: Shaping<'_>,
    placement: &Placement,
    declared: &[Variation],
    (source, shadow): ((&str, &str), &mut Shadow<'_>),
) -> Result<Vec<Statement>> {
    let mut history = History::new(options(shaping.app));
    let mut before: Vec<Shaped> = Vec::new();
    let migrations = read_service(shaping.service)?.migrations;
    for file in migrations.iter().filter(|m| m.version <= placement.version) {
        let statements = shape_file(&mut history, (&file.file(), &file.text), &before, shadow)?;
        before.push(Shaped::of(file, statements));
    }
    for variation in declared.iter().filter(|v| v.service == placement.service) {
        let text = (variation.file.as_str(), variation.text.as_str());
        // It is there, whatever migrations behind it would make of its text now.
        let Ok(statements) = shape_file(&mut history, text, &before, shadow) else { continue };
        before.push(Shaped {
            version: placement.version,
            name: variation.name.clone(),
            file: variation.file.clone(),
            checksum: variation.checksum.clone(),
            statements,
        });
    }
    shape_file(&mut history, source, &before, shadow)
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
