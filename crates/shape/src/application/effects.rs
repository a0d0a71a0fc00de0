//! What a text does to the session that it runs in.

use std::ops::Range;

use pg_query::NodeEnum as N;
use pg_query::protobuf::{
    DefElem, DiscardMode, Node, TransactionStmt, TransactionStmtKind as Kind, VariableSetKind,
};

use super::channels;
use super::{Rules, Statement, prepared, settings, tree};
use crate::ast;

/// What a text does, as if every call in it were made and every statement succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// In order.
    pub steps: Vec<Step>,
    /// How many steps there are up to the end of each statement.
    pub steps_by_statement: Vec<usize>,
    /// Names of prepared statements, in order.
    pub prepared: Vec<PreparedName>,
    /// What stays when the text has run.
    pub leaves: Leaves,
    /// It changes nothing that others can see: a replica may run it.
    pub reads_only: bool,
    /// A replica can't do it, or it would mean something else there (advisory locks, values of sequences, temporary objects,
    /// channels, transaction numbers, serializable transactions), though a read-only transaction of a primary may do it.
    pub primary_only: bool,
    /// How many statements it has.
    pub statements: usize,
}

/// Something that the gateway has to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A setting gets a value; without values its default. Names are in lower case.
    Set {
        /// Which.
        name: String,
        /// Its values as the server takes them; `search_path` may have several.
        values: Vec<String>,
        /// To the end of the transaction.
        local: bool,
    },
    /// A setting of the session gets the value of a parameter.
    SetParameter {
        /// Which.
        name: String,
        /// Which parameter, counted from 1.
        parameter: usize,
    },
    /// A setting is what it was at the start.
    Reset(String),
    /// All settings are.
    ResetAll,
    /// The app door names its tenant, or none any more.
    Tenant {
        /// What it is called.
        name: Option<String>,
        /// To the end of the transaction.
        local: bool,
    },
    /// A transaction begins; READ ONLY or READ WRITE where the text says so.
    Begin {
        /// What it says.
        read_only: Option<bool>,
    },
    /// SET TRANSACTION in one that has begun.
    Transaction {
        /// What it says.
        read_only: Option<bool>,
    },
    /// It is committed; with `chain` the next begins.
    Commit {
        /// AND CHAIN.
        chain: bool,
    },
    /// It is taken back; with `chain` the next begins.
    Rollback {
        /// AND CHAIN.
        chain: bool,
    },
    /// A savepoint.
    Savepoint(String),
    /// Back to a savepoint, with the settings of that time.
    RollbackTo(String),
    /// A savepoint is forgotten.
    Release(String),
    /// It listens on a channel.
    Listen {
        /// The client's name for it.
        channel: String,
        /// The server's.
        server: String,
    },
    /// It listens no more: on a channel, by the server's name for it, or on any.
    Unlisten(Option<String>),
    /// DISCARD.
    Discard(Discarded),
}

/// What DISCARD throws away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// Everything, settings included.
    All,
    /// Plans.
    Plans,
    /// What sequences have given.
    Sequences,
    /// Temporary tables.
    Temp,
}

/// The name of a prepared statement where a text has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedName {
    /// The name; none: DEALLOCATE ALL.
    pub name: Option<String>,
    /// What is done with it.
    pub used: NameUse,
    /// The place of the name, to put another there; for none that of ALL.
    pub at: Range<usize>,
    /// The place of the statement that it stands in.
    pub within: Range<usize>,
    /// Which statement of the text that is, counted from 0.
    pub statement: usize,
}

/// What is done with the name of a prepared statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameUse {
    /// PREPARE.
    Prepare,
    /// EXECUTE.
    Execute,
    /// DEALLOCATE.
    Deallocate,
}

/// What a text leaves in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// Settings of the session.
    pub settings: bool,
    /// Temporary tables or other temporary objects.
    pub temporary: bool,
    /// Cursors WITH HOLD.
    pub cursors: bool,
    /// Channels that it listens on.
    pub channels: bool,
    /// Prepared statements of SQL's own.
    pub prepared: bool,
    /// Advisory locks that outlast the transaction.
    pub locks: bool,
    /// What random numbers come next.
    pub seed: bool,
    /// What sequences have given last, where the text names them.
    pub sequences: bool,
    /// What sequences have given last, where columns may have counted with them.
    pub counts: bool,
    /// Anything: it calls what nobody vouches for.
    pub unknown: bool,
}

impl Leaves {
    /// Whether it leaves anything at all.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl Effects {
    /// Those of nothing.
    pub(super) fn none() -> Self {
        Self { reads_only: true, ..Self::default() }
    }

    /// Those of what can't be known.
    pub(super) fn unknown() -> Self {
        let leaves = Leaves { unknown: true, ..Leaves::default() };
        Self { leaves, statements: 1, ..Self::default() }
    }
}

/// DECLARE ... WITH HOLD, as the parser has it.
const CURSOR_HOLD: i32 = 0x20;

/// Adds what a statement does; calls of functions apart.
pub(super) fn add(statement: &Statement<'_>, rules: &Rules, effects: &mut Effects) {
    effects.statements += 1;
    effects.reads_only &= tree::reads_only(statement);
    effects.leaves.temporary |= tree::makes_temporary(statement);
    effects.primary_only |= tree::primary_only(statement);
    effects.leaves.counts |= tree::counts(statement);
    prepared::add(statement, effects);
    let leaves = &mut effects.leaves;
    match &statement.node {
        N::TransactionStmt(s) => effects.steps.extend(transaction(s)),
        N::VariableSetStmt(s) => {
            leaves.settings |= !s.is_local
                && s.kind() != VariableSetKind::VarReset
                && s.kind() != VariableSetKind::VarResetAll;
            leaves.seed |= s.name.eq_ignore_ascii_case("seed");
            effects.steps.extend(settings::steps(s, rules));
        }
        N::DeclareCursorStmt(s) => leaves.cursors |= s.options & CURSOR_HOLD != 0,
        N::ListenStmt(s) => {
            leaves.channels = true;
            let server = channels::server_name(&s.conditionname, rules);
            effects.steps.push(Step::Listen { channel: s.conditionname.clone(), server });
        }
        N::UnlistenStmt(s) if s.conditionname.is_empty() => effects.steps.push(Step::Unlisten(None)),
        N::UnlistenStmt(s) => {
            effects.steps.push(Step::Unlisten(Some(channels::server_name(&s.conditionname, rules))));
        }
        N::DiscardStmt(s) => effects.steps.push(Step::Discard(match s.target() {
            DiscardMode::DiscardPlans => Discarded::Plans,
            DiscardMode::DiscardSequences => Discarded::Sequences,
            DiscardMode::DiscardTemp => Discarded::Temp,
            _ => Discarded::All,
        })),
        N::DoStmt(_)
        | N::CallStmt(_)
        | N::LoadStmt(_)
        | N::CreateExtensionStmt(_)
        | N::AlterExtensionStmt(_) => {
            leaves.unknown = true;
        }
        _ => {}
    }
}

fn transaction(stmt: &TransactionStmt) -> Option<Step> {
    Some(match stmt.kind() {
        Kind::TransStmtBegin | Kind::TransStmtStart => Step::Begin { read_only: read_only(&stmt.options) },
        Kind::TransStmtCommit => Step::Commit { chain: stmt.chain },
        Kind::TransStmtRollback => Step::Rollback { chain: stmt.chain },
        Kind::TransStmtSavepoint => Step::Savepoint(stmt.savepoint_name.clone()),
        Kind::TransStmtRollbackTo => Step::RollbackTo(stmt.savepoint_name.clone()),
        Kind::TransStmtRelease => Step::Release(stmt.savepoint_name.clone()),
        _ => return None,
    })
}

/// READ ONLY or READ WRITE among the modes of a transaction, the last one of several.
pub(super) fn read_only(modes: &[Node]) -> Option<bool> {
    let mode = |n: &Node| match n.node.as_ref() {
        Some(N::DefElem(d)) if is_read_only(d) => {
            ast::option_text(d.arg.as_deref()).map(|v| v == "1" || v == "true")
        }
        _ => None,
    };
    modes.iter().rev().find_map(mode)
}

fn is_read_only(element: &DefElem) -> bool {
    element.defname == "transaction_read_only"
}
