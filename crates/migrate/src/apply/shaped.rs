//! A history as it runs: every file with its statements for each shape, all of it checked before anything is applied.

use tenantry_domain::{App, Error, ErrorCode, Result};
use tenantry_registry::Registry;
use tenantry_shape::{Emitted, History, Options, Scope, ShadowQuestion, ShapeError, Statement};

use tokio::runtime::Handle;

use crate::apply::refused_extension;
use crate::shadow::{Shadow, Shaping, Sum, known};
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
    /// A file with what shaping made of it.
    pub fn of(migration: &Migration, statements: Vec<Statement>) -> Self {
        Self {
            version: migration.version,
            name: migration.name.clone(),
            file: migration.file(),
            checksum: migration.checksum(),
            statements,
        }
    }

    /// What runs once for the shared tables of a database.
    pub fn shared(&self) -> Vec<Run<'_>> {
        self.select(|s| &s.shared, |_| true)
    }

    /// What runs in a data database when no tenant is in front of the file any more.
    pub fn retiring(&self) -> Vec<Run<'_>> {
        self.select(|s| &s.retired, |_| true)
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

/// Shapes a whole history. Blocks whose definitions show only when they run are tried on a shadow database. Blocks: it
/// parses, and waits for the shadow.
///
/// # Errors
/// `migration_syntax`, `shape_refused`, `migration_failed`, with file, line and what to write instead; what servers say.
pub(crate) fn shape(shaping: Shaping<'_>, files: &[Migration]) -> Result<Vec<Shaped>> {
    let mut shadow = Shadow::new(shaping)?;
    let shaped = shape_files(shaping, files, &mut shadow);
    let closed = shadow.close();
    let shaped = shaped?;
    closed.map(|()| shaped)
}

fn shape_files(shaping: Shaping<'_>, files: &[Migration], shadow: &mut Shadow<'_>) -> Result<Vec<Shaped>> {
    let mut history = History::new(options(shaping.app));
    let mut shaped: Vec<Shaped> = Vec::new();
    for file in files {
        let statements = shape_file(&mut history, (&file.file(), &file.text), &shaped, shadow)?;
        shaped.push(Shaped::of(file, statements));
    }
    Ok(shaped)
}

/// Shapes a history without a shadow, with the answers that are kept of earlier ones, as far as that goes: with the file and
/// the line of the block that stopped it.
///
/// # Errors
/// `migration_syntax`, `shape_refused`, with file, line and what to write instead.
pub(crate) fn shape_alone(
    app: &App,
    files: &[Migration],
    answers: Option<&Registry>,
) -> Result<(Vec<Shaped>, Option<String>)> {
    let mut history = History::new(options(app));
    let mut shaped: Vec<Shaped> = Vec::new();
    let mut sum = Sum::new();
    for file in files {
        let mut ask = |question: ShadowQuestion<'_>| {
            let unknown = || Error::new(ErrorCode::Internal, "no shadow is asked");
            let (registry, runtime) = answers.zip(Handle::try_current().ok()).ok_or_else(unknown)?;
            let earlier = shaped.iter().flat_map(|one| &one.statements);
            let all: Vec<&Statement> = earlier.chain(question.before).collect();
            let checksum = sum.of(&all, question.probe);
            let kept = runtime.block_on(registry.shadow_answer(&checksum))?;
            kept.map(known).ok_or_else(unknown)
        };
        match history.apply_with(&file.file(), &file.text, &mut ask) {
            Ok(statements) => {
                refuse_extensions(&file.file(), &statements)?;
                shaped.push(Shaped::of(file, statements));
            }
            Err(ShapeError::Shadow { file, line, .. }) => {
                return Ok((shaped, Some(format!("{file}:{line}"))));
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok((shaped, None))
}

/// One file behind others.
pub(crate) fn shape_file(
    history: &mut History,
    (file, text): (&str, &str),
    earlier: &[Shaped],
    shadow: &mut Shadow<'_>,
) -> Result<Vec<Statement>> {
    let mut all: Option<Vec<&Statement>> = None;
    let mut ask = |question: ShadowQuestion<'_>| {
        refuse_extensions(file, question.before)?;
        let all = all.get_or_insert_with(|| earlier.iter().flat_map(|one| &one.statements).collect());
        shadow.ask(all, question)
    };
    let statements = history.apply_with(file, text, &mut ask).map_err(Error::from)?;
    refuse_extensions(file, &statements)?;
    Ok(statements)
}

fn refuse_extensions(file: &str, statements: &[Statement]) -> Result<()> {
    for statement in statements {
        for emitted in &statement.plain {
            let run = Run { statement, emitted };
            if let Some(name) = run.extension().filter(|name| REFUSED_EXTENSIONS.contains(name)) {
                return Err(refused_extension(&format!("{file}:{}", statement.line), name));
            }
        }
    }
    Ok(())
}
