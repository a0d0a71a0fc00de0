//! What a migration does to tables in use: the locks that each statement takes, and what is dangerous while an old and a
//! new version of the app run side by side. Pure, on the parser's tree.
//!
//! A [`Linter`] reads a history file by file. What files already applied have made is **live**; what pending files make
//! is not, and nothing is dangerous to it. The rules follow PostgreSQL's documentation of ALTER TABLE and of explicit
//! locking; which of them matter was learnt from squawk, strong_migrations, eugene and pgroll.

mod add_column;
mod alter_table;
mod column_type;
mod constraint;
mod data;
mod drop;
mod file;
mod index;
mod lock;
mod maintenance;
mod policy;
mod rename;
mod rule;
mod silence;
mod site;
mod statement;
mod world;

use std::fmt;

use pg_query::NodeEnum;

use crate::ast;
use crate::refuse::ShapeError;
use crate::script::{self, Script};
use crate::source;
use crate::stack;
use file::FileState;
pub use lock::{Hold, Lock, LockMode};
pub use rule::Rule;
use site::Site;
use world::World;

/// Something dangerous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The file.
    pub file: String,
    /// The line of the statement's first token, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What happens.
    pub message: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}: {}", self.file, self.line, self.column, self.rule, self.message)
    }
}

/// The locks of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locks {
    /// The statement as written.
    pub source: String,
    /// The line of the statement's first token, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// On tables that were there before; none where the statement touches new ones only.
    pub locks: Vec<Lock>,
}

/// What a file does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linted {
    /// The locks of each statement, in order.
    pub statements: Vec<Locks>,
    /// What is dangerous, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a history.
#[derive(Clone, Debug, Default)]
pub struct Linter {
    world: World,
}

/// A statement with its tree.
#[derive(Debug)]
struct Parsed<'a> {
    line: usize,
    column: usize,
    text: &'a str,
    /// The line of its last token, or of its last line of data.
    end: usize,
    node: NodeEnum,
}

impl Linter {
    /// Before the first file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file that is applied: what it makes is live.
    ///
    /// # Errors
    /// [`ShapeError::Syntax`].
    pub fn applied(&mut self, file: &str, text: &str) -> Result<(), ShapeError> {
        self.world = stack::deep(|| {
            let mut world = self.world.clone();
            for parsed in parse(file, text, &script::read(text))? {
                world.take(&parsed.node);
            }
            world.settle();
            Ok(world)
        })?;
        Ok(())
    }

    /// Looks at a pending file. `has_down` tells whether something takes it back; none: in this history nothing does.
    ///
    /// # Errors
    /// [`ShapeError::Syntax`].
    pub fn pending(&mut self, file: &str, text: &str, has_down: Option<bool>) -> Result<Linted, ShapeError> {
        let (world, linted) = stack::deep(|| self.examine(file, text, has_down))?;
        self.world = world;
        Ok(linted)
    }

    /// From here on, what the files so far have made is live: they are rolled out before the next one.
    pub fn settle(&mut self) {
        self.world.settle();
    }

    fn examine(&self, file: &str, text: &str, has_down: Option<bool>) -> Result<(World, Linted), ShapeError> {
        let script = script::read(text);
        let parsed = parse(file, text, &script)?;
        let mut world = self.world.clone();
        let mut state = FileState::new(&parsed);
        let mut linted = Linted::default();
        for (i, statement) in parsed.iter().enumerate() {
            let later = parsed.get(i + 1..).unwrap_or_default();
            let mut site = Site::new(file, statement, &world, later);
            statement::examine(&mut site, &statement.node);
            state.examine(&mut site, statement);
            linted.statements.push(Locks {
                source: statement.text.to_owned(),
                line: statement.line,
                column: statement.column,
                locks: site.locks,
            });
            linted.findings.extend(site.findings);
            world.take(&statement.node);
        }
        linted.findings.extend(file::of_whole(file, parsed.is_empty(), has_down));
        let spans: Vec<_> = parsed.iter().map(|p| p.line..=p.end).collect();
        let (silences, wrong) = silence::read(file, text, &spans);
        let starts: Vec<usize> = parsed.iter().map(|p| p.line).collect();
        linted.findings = silence::apply(file, silences, &starts, linted.findings);
        linted.findings.extend(wrong);
        linted.findings.sort_by_key(|f| (f.line, f.column));
        Ok((world, linted))
    }
}

/// The statements of a file; commands of psql, which are none, are left to [`crate::History`].
fn parse<'a>(file: &str, text: &'a str, script: &'a Script) -> Result<Vec<Parsed<'a>>, ShapeError> {
    let pieces = source::split(file, text, script)?;
    let parsed = pieces.into_iter().filter(|piece| piece.remark.is_none()).map(|piece| {
        let node = ast::parse_one(piece.text).map_err(|refuse| ShapeError::Syntax {
            file: file.to_owned(),
            line: piece.line,
            column: piece.column,
            message: refuse.reason,
        })?;
        let end = match piece.data {
            Some(data) => data.line + data.text.lines().count(),
            None => piece.line + piece.text.matches('\n').count(),
        };
        Ok(Parsed { line: piece.line, column: piece.column, text: piece.text, end, node })
    });
    parsed.collect()
}

#[cfg(test)]
mod tests;
