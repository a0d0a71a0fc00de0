//! What statements of one file mean to each other: they run in one transaction, so locks add up.

use std::collections::BTreeSet;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::name_of;
use super::{Finding, Parsed, data};
use crate::ast;
use crate::ident;
use crate::tokens::Tokens;

/// What the statements of a file so far have left behind in their transaction.
#[derive(Debug, Default)]
pub(super) struct FileState {
    /// The first table whose readers wait, and the line that made them.
    held: Option<(String, usize)>,
    /// The first statement that changed many rows of a live table.
    bulk: Option<(String, usize)>,
    not_valid: BTreeSet<(String, String)>,
    new_values: Vec<(String, String)>,
    /// Whether rows and definitions in one file were told of already.
    is_told: bool,
    /// Statements besides those that can't run in a transaction.
    others: usize,
}

impl FileState {
    pub fn new(statements: &[Parsed<'_>]) -> Self {
        let counts = |p: &&Parsed<'_>| !is_concurrent(&p.node) && !is_setting(&p.node);
        Self { others: statements.iter().filter(counts).count(), ..Self::default() }
    }

    /// Looks at a statement in the light of those before it.
    pub fn examine(&mut self, site: &mut Site<'_>, statement: &Parsed<'_>) {
        if is_concurrent(&statement.node) {
            if self.others > 0 {
                site.find(
                    Rule::ConcurrentlyMixed,
                    "CONCURRENTLY can't run in a transaction, so the statements of this file don't stand or fall together",
                    "put it into a file of its own",
                );
            }
            // What came before is committed.
            *self = Self { others: self.others, ..Self::default() };
            return;
        }
        self.enum_values(site, statement);
        if let NodeEnum::AlterTableStmt(stmt) = &statement.node {
            self.validations(site, stmt);
        }
        self.long(site);
        self.backfill(site, statement);
        let stops_reads = |mode: LockMode| mode == LockMode::AccessExclusive;
        if self.held.is_none()
            && let Some(lock) = site.locks.iter().find(|l| stops_reads(l.mode))
        {
            self.held = Some((lock.table.clone(), statement.line));
        }
    }

    /// Something long after a lock that stops reads.
    fn long(&self, site: &mut Site<'_>) {
        let Some((table, line)) = &self.held else { return };
        let long = site.locks.iter().any(|l| l.hold >= Hold::Scan);
        if long && !site.has(Rule::ValidatesAtOnce) {
            site.find(
                Rule::LockHeld,
                format!(
                    "reads and writes of {table} have waited since line {line}, and wait on while this runs"
                ),
                "put it into a file of its own",
            );
        }
    }

    /// Many rows changed in the transaction that changes a definition, whichever comes first. Told of once.
    fn backfill(&mut self, site: &mut Site<'_>, statement: &Parsed<'_>) {
        let bulk = data::bulk(&statement.node).filter(|t| site.is_live(t));
        let lock = site.locks.iter().find(|l| l.mode == LockMode::AccessExclusive);
        let message = match (&bulk, &self.held, &self.bulk, lock) {
            (Some(table), Some((held, line)), ..) => format!(
                "reads and writes of {held} have waited since line {line}, and wait on while rows of {table} change"
            ),
            (None, _, Some((table, line)), Some(lock)) => format!(
                "rows of {table} changed at line {line} stay locked, and reads and writes of {} wait as well: together they can deadlock with the app",
                lock.table
            ),
            _ => String::new(),
        };
        if let Some(table) = bulk {
            self.bulk.get_or_insert((table, statement.line));
        }
        if !message.is_empty() && !self.is_told {
            self.is_told = true;
            site.find(
                Rule::BackfillWithDdl,
                message,
                "put the change of rows into a file of its own; on a large table, do it in steps in the app or a job",
            );
        }
    }

    /// NOT VALID and VALIDATE in one transaction.
    fn validations(&mut self, site: &mut Site<'_>, stmt: &AlterTableStmt) {
        let table = name_of(stmt.relation.as_ref());
        if !site.is_live(&table) {
            return;
        }
        for cmd in &stmt.cmds {
            let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_ref() else { continue };
            match (cmd.subtype(), cmd.def.as_ref().and_then(|d| d.node.as_ref())) {
                (AlterTableType::AtAddConstraint, Some(NodeEnum::Constraint(c))) if c.skip_validation => {
                    self.not_valid.insert((table.clone(), c.conname.clone()));
                }
                (AlterTableType::AtValidateConstraint, _)
                    if self.not_valid.contains(&(table.clone(), cmd.name.clone())) =>
                {
                    site.find(
                        Rule::ValidatesAtOnce,
                        format!("{} was added in this file, whose lock on {table} is kept while the table is read", cmd.name),
                        "VALIDATE CONSTRAINT in a later file",
                    );
                }
                _ => {}
            }
        }
    }

    /// A value added to a live enum and used before the transaction ends.
    fn enum_values(&mut self, site: &mut Site<'_>, statement: &Parsed<'_>) {
        if let Ok(tokens) = Tokens::scan(statement.text) {
            let used = |value: &str| {
                let quoted = ident::literal(value);
                tokens
                    .list
                    .iter()
                    .any(|t| t.is_string && statement.text.get(t.range.clone()) == Some(&quoted))
            };
            if let Some((ty, value)) = self.new_values.iter().find(|(_, value)| used(value)) {
                let message = format!(
                    "the value '{value}' of {ty} was added in this file: PostgreSQL refuses to use it before that is committed"
                );
                site.find(Rule::EnumValueUsed, message, "use it in a later file");
            }
        }
        if let NodeEnum::AlterEnumStmt(stmt) = &statement.node {
            let ty = ast::names(&stmt.type_name).pop().unwrap_or_default();
            if stmt.old_val.is_empty() && site.is_live(&ty) {
                self.new_values.push((ty, stmt.new_val.clone()));
            }
        }
    }
}

/// Whether a statement can't run in a transaction.
fn is_concurrent(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::IndexStmt(s) => s.concurrent,
        NodeEnum::DropStmt(s) => s.concurrent,
        NodeEnum::ReindexStmt(s) => s.params.iter().any(
            |p| matches!(p.node.as_ref(), Some(NodeEnum::DefElem(e)) if e.defname == "concurrently"),
        ),
        NodeEnum::AlterTableStmt(s) => s.cmds.iter().any(|cmd| match cmd.node.as_ref() {
            Some(NodeEnum::AlterTableCmd(cmd)) => {
                matches!(cmd.def.as_ref().and_then(|d| d.node.as_ref()), Some(NodeEnum::PartitionCmd(p)) if p.concurrent)
            }
            _ => false,
        }),
        _ => false,
    }
}

/// Whether a statement only sets how others run.
fn is_setting(node: &NodeEnum) -> bool {
    matches!(node, NodeEnum::VariableSetStmt(_) | NodeEnum::TransactionStmt(_))
}

/// What is to be said of a file as a whole.
pub(super) fn of_whole(file: &str, is_empty: bool, has_down: Option<bool>) -> Vec<Finding> {
    let finding = |rule: Rule, message: &str, instead: &str| Finding {
        rule,
        file: file.to_owned(),
        line: 1,
        column: 1,
        message: message.to_owned(),
        instead: instead.to_owned(),
    };
    let mut findings = Vec::new();
    if is_empty {
        findings.push(finding(
            Rule::EmptyFile,
            "the file has no statement, and counts as applied from now on",
            "write the statements, or remove the file",
        ));
    }
    if has_down == Some(false) {
        findings.push(finding(
            Rule::MissingDown,
            "nothing takes it back, unlike other migrations of this folder",
            "write its down file; SELECT 1; where there is nothing to take back",
        ));
    }
    findings
}
