//! A history as it runs: every file with its statements for each shape, all of it checked before anything is applied.

use tenantry_domain::{App, Error, Result};
use tenantry_shape::{Emitted, History, Options, Scope, Statement};

use crate::apply::refused_extension;
use crate::source::Migration;

/// Extensions that open files, networks or other databases to whoever may run SQL.
const REFUSED_EXTENSIONS: &[&str] = &[
    "adminpack",
    "dblink",
    "file_fdw",
    "lo",
    "pageinspect",
    "pg_read_file",
    "pgstattuple",
    "plperlu",
    "plpython3u",
    "plpythonu",
    "pltclu",
    "postgres_fdw",
    "pg_cron",
    "pg_net",
    "http",
    "plsh",
];

/// A file of the history.
#[derive(Clone, Debug)]
pub(crate) struct Shaped {
    pub version: i64,
    pub name: String,
    pub file: String,
    pub checksum: String,
    pub statements: Vec<Statement>,
}

/// A statement to run with where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub statement: &'a Statement,
    pub emitted: &'a Emitted,
}

impl Shaped {
    /// What runs once for the shared tables of a database.
    pub fn shared(&self) -> Vec<Run<'_>> {
        self.select(|s| &s.shared, |_| true)
    }

    /// What runs in a schema of a data database, whose extensions and global tables [`Shaped::shared`] has made.
    pub fn own_schema(&self) -> Vec<Run<'_>> {
        self.select(|s| &s.plain, |e| e.scope == Scope::Tenant)
    }

    /// What runs in a database of its own.
    pub fn own_database(&self) -> Vec<Run<'_>> {
        self.select(|s| &s.plain, |_| true)
    }

    fn select<'a>(
        &'a self,
        shape: impl Fn(&'a Statement) -> &'a Vec<Emitted>,
        wanted: impl Fn(&Emitted) -> bool,
    ) -> Vec<Run<'a>> {
        self.statements
            .iter()
            .flat_map(|statement| shape(statement).iter().map(move |emitted| Run { statement, emitted }))
            .filter(|run| wanted(run.emitted))
            .collect()
    }
}

impl Run<'_> {
    /// The extension that the statement makes: the platform does that, since it takes a superuser.
    pub fn extension(&self) -> Option<&str> {
        let rest = self.emitted.sql.strip_prefix("CREATE EXTENSION IF NOT EXISTS ")?;
        rest.split_whitespace().next().map(|name| name.trim_matches('"'))
    }
}

/// What the app's configuration says about its tables.
pub(crate) fn options(app: &App) -> Options {
    Options {
        tenant_column: app.isolation.tenant_column.clone(),
        tenant_type: app.isolation.tenant_key,
        current_tenant: app.isolation.tenant_key.current_tenant_call().to_owned(),
        global_tables: app.tables.global.clone(),
    }
}

/// Shapes a whole history.
///
/// # Errors
/// `migration_syntax`, `shape_refused`, with file, line and what to write instead.
pub(crate) fn shape(app: &App, files: &[Migration]) -> Result<Vec<Shaped>> {
    let mut history = History::new(options(app));
    let mut shaped = Vec::new();
    for file in files {
        let statements = history.apply(&file.file(), &file.text).map_err(Error::from)?;
        let one = Shaped {
            version: file.version,
            name: file.name.clone(),
            file: file.file(),
            checksum: file.checksum(),
            statements,
        };
        for run in one.own_database() {
            if let Some(name) = run.extension().filter(|name| REFUSED_EXTENSIONS.contains(name)) {
                return Err(refused_extension(&format!("{}:{}", one.file, run.statement.line), name));
            }
        }
        shaped.push(one);
    }
    Ok(shaped)
}
