//! Decisions that know no SQL: for what is to be seen of the relay alone.

use tenantry_gateway::profile::Profile;
use tenantry_gateway::shard::decide::{Decide, Decision, Effects, Statement};

/// Allows everything, and takes effects from the first word.
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
        Decision {
            effects: Effects { is_dirty: !is_clean, ..Effects::default() },
            begins,
            ..Decision::default()
        }
    }

    fn function_call(&mut self, _profile: &Profile) -> Decision {
        Decision { effects: Effects { is_dirty: true, ..Effects::default() }, ..Decision::default() }
    }
}

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
        let profile = Profile::nobodys();
        let statement = Statement { profile: &profile, text: text.as_bytes(), is_whole: true };
        assert_eq!(AllowAll.statement(statement).effects.is_dirty, is_dirty, "{text}");
    }
    let cut = Statement { profile: &Profile::nobodys(), text: b"select 1", is_whole: false };
    assert!(AllowAll.statement(cut).effects.is_dirty);
}
