//! The SQL that applications and tenants send: what of it may run, what it leaves behind in its session, and what has to be
//! rewritten in it so that a text written for one tenant runs among many.
//!
//! [`judge`] looks at one text of one or several statements, as a client sends it. **In shared isolation it is the second
//! wall** behind row-level security: only the kinds of statements of an allow-list pass, and a text that PostgreSQL's parser
//! does not read is refused. **In schema and database isolation PostgreSQL is the boundary**: what it may decide is left to
//! it, and only what would break the gateway itself is refused.
//!
//! A judgement is made once for many texts: [`Judgement::by_outline`] says whether it holds for every text that differs in
//! its values (strings, numbers, comments) alone, [`Judgement::by_tenant`] whether it was made for one tenant.
//!
//! What functions, views, triggers and defaults do when they run is not seen here: [`Leaves::unknown`] is set for every call
//! of a function that the caller does not vouch for.

mod allowed;
mod calls;
mod channels;
mod config;
mod copy;
mod denial;
mod effects;
mod outline;
mod pieces;
mod prepared;
mod rewrite;
mod settings;
mod tables;
mod tree;
mod truncate;
mod unread;

use std::collections::BTreeSet;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::RawStmt;
use serde_json::Value;
use tenantry_domain::app::OwnSettings;
use tenantry_domain::{Isolation, TenantId};

pub use channels::server_channel;
pub use denial::Denial;
pub use effects::{Discarded, Effects, Leaves, NameUse, PreparedName, Step};
pub use pieces::{Edit, apply};
pub use tables::{Column, Counter, Table, Tables};

use crate::stack;
use crate::tokens::Tokens;

/// How the session came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// As one tenant.
    Tenant,
    /// As the trusted backend, which names its tenant.
    App,
}

/// What texts are judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The isolation of the tenant.
    pub isolation: Isolation,
    /// How the session came in.
    pub door: Door,
    /// The tenant; none: the app door has not named one yet.
    pub tenant: Option<TenantId>,
    /// The schema that stands for `public`.
    pub schema: String,
    /// The app's tables, needed in shared isolation.
    pub tables: Arc<Tables>,
    /// Names of functions that change nothing and leave nothing in the session, whatever their arguments.
    pub harmless: Arc<BTreeSet<String>>,
    /// Settings of the app's own, which may be set in shared isolation too.
    pub own_settings: Arc<OwnSettings>,
    /// Whether EXPLAIN is allowed in shared isolation. Its estimates and counts tell of rows of other tenants.
    pub explains: bool,
}

/// What is decided of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Why it must not run; then nothing else is of interest but `by_outline` and `by_tenant`.
    pub refused: Option<Denial>,
    /// What it does to the session.
    pub effects: Effects,
    /// What to change in it, in order, no two overlapping. Places are bytes of the text.
    pub edits: Vec<Edit>,
    /// Statements (counted from 0) whose rewritten form answers with another command tag than the client waits for, with the
    /// tag to give it instead.
    pub tags: Vec<(usize, &'static str)>,
    /// It holds for every text of the same outline.
    pub by_outline: bool,
    /// It holds for this tenant alone; otherwise for all that have the other rules in common.
    pub by_tenant: bool,
}

impl Judgement {
    fn refused(denial: Denial, by_outline: bool) -> Self {
        Self { refused: Some(denial), by_outline, ..Self::default() }
    }
}

/// One statement of a text.
pub(crate) struct Statement<'t> {
    pub node: NodeEnum,
    pub json: Value,
    /// All tokens of the text, and which of them are the statement's.
    pub tokens: &'t Tokens<'t>,
    pub first: usize,
    pub end: usize,
}

/// Judges a text.
pub fn judge(text: &str, rules: &Rules) -> Judgement {
    // Trees of hostile texts are deep.
    stack::deep(|| Ok(judged(text, rules))).unwrap_or_else(|e| {
        Judgement::refused(
            Denial::new("53000", e.to_string(), "try again: the gateway is short of memory"),
            false,
        )
    })
}

fn judged(text: &str, rules: &Rules) -> Judgement {
    let parsed = match pg_query::parse(text, 0) {
        Ok(parsed) => parsed.protobuf,
        Err(e) => return unread::judge(text, &e, rules),
    };
    let tokens = match Tokens::scan(text) {
        Ok(tokens) => tokens,
        Err(message) => return unread::unknown(&message, rules),
    };
    let Some(statements) = statements(text, parsed.stmts, &tokens) else {
        return unread::unknown("a statement of a kind that is not known here", rules);
    };
    let by_outline = outline::holds(&tokens, &statements, rules);
    let mut effects = Effects::none();
    for statement in &statements {
        if let Err(denial) = one(statement, rules, &mut effects) {
            return Judgement::refused(denial, by_outline);
        }
    }
    match rewrite::rewrite(text, &tokens, &statements, rules) {
        Ok(made) => {
            let by_outline = by_outline && !outline::touches_values(text, &made.edits, &effects);
            Judgement {
                effects,
                edits: made.edits,
                tags: made.tags,
                by_outline,
                by_tenant: made.by_tenant,
                refused: None,
            }
        }
        // The message may name what this tenant has.
        Err(denial) => Judgement { by_tenant: true, ..Judgement::refused(denial, by_outline) },
    }
}

/// The statements of a text; none where the tree leaves one out, which then could not be judged.
fn statements<'t>(text: &str, stmts: Vec<RawStmt>, tokens: &'t Tokens<'t>) -> Option<Vec<Statement<'t>>> {
    let one = |raw: RawStmt| {
        let start = usize::try_from(raw.stmt_location).unwrap_or_default();
        let length = usize::try_from(raw.stmt_len).unwrap_or_default();
        let stop = if length == 0 { text.len() } else { start + length };
        let node = raw.stmt?.node?;
        let json = serde_json::to_value(&node).ok()?;
        let first = tokens.list.partition_point(|t| t.range.start < start);
        let end = tokens.list.partition_point(|t| t.range.start < stop);
        let first = (first..end).find(|i| !tokens.symbol(*i, ';')).unwrap_or(end);
        Some(Statement { node, json, tokens, first, end })
    };
    stmts.into_iter().map(one).collect()
}

/// Judges one statement, and adds what it does.
fn one(statement: &Statement<'_>, rules: &Rules, effects: &mut Effects) -> Result<(), Denial> {
    settings::check(&statement.node, rules)?;
    if rules.isolation == Isolation::Shared {
        allowed::check(statement, rules)?;
    }
    effects::add(statement, rules, effects);
    calls::add(statement, rules, effects)?;
    effects.steps_by_statement.push(effects.steps.len());
    Ok(())
}

#[cfg(test)]
mod tests;
