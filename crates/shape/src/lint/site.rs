//! One statement being looked at: where it stands, what is known before it, what comes after it in its file.

use super::lock::{Hold, Lock, LockMode};
use super::rule::Rule;
use super::world::World;
use super::{Finding, Parsed};

/// A statement and what was found in it.
#[derive(Debug)]
pub(super) struct Site<'a> {
    file: &'a str,
    statement: &'a Parsed<'a>,
    pub world: &'a World,
    /// The statements after this one in its file.
    pub later: &'a [Parsed<'a>],
    pub findings: Vec<Finding>,
    pub locks: Vec<Lock>,
}

impl<'a> Site<'a> {
    pub fn new(file: &'a str, statement: &'a Parsed<'a>, world: &'a World, later: &'a [Parsed<'a>]) -> Self {
        Self { file, statement, world, later, findings: Vec::new(), locks: Vec::new() }
    }

    /// Reports something dangerous.
    pub fn find(&mut self, rule: Rule, message: impl Into<String>, instead: impl Into<String>) {
        self.findings.push(Finding {
            rule,
            file: self.file.to_owned(),
            line: self.statement.line,
            column: self.statement.column,
            message: message.into(),
            instead: instead.into(),
        });
    }

    /// Whether this rule has found something here.
    pub fn has(&self, rule: Rule) -> bool {
        self.findings.iter().any(|f| f.rule == rule)
    }

    /// Notes a lock, if the table was there before; the stronger of two on one table, and the longer time.
    pub fn lock(&mut self, table: &str, mode: LockMode, hold: Hold) {
        if table.is_empty() || !self.world.is_live(table) {
            return;
        }
        match self.locks.iter_mut().find(|l| l.table == table) {
            Some(lock) => {
                lock.mode = lock.mode.max(mode);
                lock.hold = lock.hold.max(hold);
            }
            None => self.locks.push(Lock { table: table.to_owned(), mode, hold }),
        }
    }

    /// Whether a table was there before.
    pub fn is_live(&self, table: &str) -> bool {
        self.world.is_live(table)
    }
}
