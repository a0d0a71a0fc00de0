//! The seam to what knows SQL: for each statement, may it run, as what text, and what does it do to the session.

use std::sync::Arc;

use tenantry_domain::Error;

use super::settings::Setting;

/// How a statement changes its session in ways that must not reach the next client.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The session has to be reset before another client gets it.
    pub is_dirty: bool,
    /// Settings that follow the client from now on, if the transaction commits. `None`: none.
    pub sets: Option<Arc<[Setting]>>,
}

/// What is to become of a statement.
#[derive(Debug, Default)]
pub struct Decision {
    /// What running it does.
    pub effects: Effects,
    /// Why it may not run.
    pub refused: Option<Error>,
    /// The text to run instead.
    pub text: Option<Vec<u8>>,
    /// It begins a transaction that it does not end. Refused in statement pooling.
    pub begins: bool,
}

/// A statement as a client sent it.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Whose rules hold: a number that the rim gave when it handed the client over.
    pub profile: u32,
    /// Its text, in the client's encoding.
    pub text: &'a [u8],
    /// False where the statement is longer than what is looked at and this is its beginning.
    pub is_whole: bool,
}

/// Decides about statements. One per shard, so it may cache without locks; called for every Query and Parse, so the
/// usual answer must not allocate.
pub trait Decide: Send {
    /// Decides about a statement.
    fn statement(&mut self, statement: Statement<'_>) -> Decision;

    /// Decides about a FunctionCall message, which has no text.
    fn function_call(&mut self, profile: u32) -> Decision;
}

/// Allows everything, and takes effects from the first word: for tenants whose isolation needs no second wall.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

/// First words of statements that leave nothing behind in a session. Functions they call can (a setting, an advisory
/// lock): keeping those out is for a [`Decide`] that reads whole statements.
const CLEAN: [&str; 24] = [
    "select",
    "insert",
    "update",
    "delete",
    "merge",
    "values",
    "table",
    "with",
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "copy",
    "explain",
    "show",
    "truncate",
    "vacuum",
    "analyze",
    "fetch",
    "move",
];

impl Decide for AllowAll {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let start = statement.text.trim_ascii_start();
        let word = start.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
        // Behind a semicolon anything may follow; so may anything in what was not seen.
        let body = start.trim_ascii_end();
        let body = body.strip_suffix(b";").unwrap_or(body);
        let is_single = statement.is_whole && !body.contains(&b';');
        let is_clean = is_single && (body.is_empty() || CLEAN.iter().any(is));
        let begins = ["begin", "start"].iter().any(is);
        Decision { effects: Effects { is_dirty: !is_clean, sets: None }, begins, ..Decision::default() }
    }

    fn function_call(&mut self, _profile: u32) -> Decision {
        Decision { effects: Effects { is_dirty: true, sets: None }, ..Decision::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_first_word_does_not_vouch_for_is_dirty() {
        for (text, is_dirty) in [
            ("select 1", false),
            ("  COMMIT;", false),
            ("", false),
            ("set a = 1", true),
            ("select 1; set a = 1", true),
            ("prepare x as select 1", true),
            ("/* c */ select 1", true),
            ("create temp table t ()", true),
        ] {
            let statement = Statement { profile: 0, text: text.as_bytes(), is_whole: true };
            assert_eq!(AllowAll.statement(statement).effects.is_dirty, is_dirty, "{text}");
        }
        let cut = Statement { profile: 0, text: b"select 1", is_whole: false };
        assert!(AllowAll.statement(cut).effects.is_dirty);
    }
}
