use std::collections::BTreeSet;

use proptest::prelude::*;
use tenantry_shape::application::{Column, Door, Step, Table, Tables, apply};

use super::*;

fn rules(isolation: Isolation, tenant: u128) -> Rules {
    let column = |name: &str| Column { name: name.to_owned(), generated: false };
    let users = Table {
        name: "users".to_owned(),
        columns: ["id", "email", "name"].map(column).to_vec(),
        primary_key: vec!["id".to_owned()],
        ..Table::default()
    };
    Rules {
        isolation,
        door: Door::Tenant,
        tenant: Some(format!("{tenant:032x}").parse().unwrap()),
        schema: "shared".to_owned(),
        tables: Arc::new(Tables::new("tenant_id", vec![users], Vec::new())),
        harmless: Arc::new(BTreeSet::new()),
        own_settings: Arc::default(),
        explains: false,
    }
}

fn judge_of(isolation: Isolation, number: u64, tenant: u128) -> Judge {
    Judge { number, rules: Arc::new(rules(isolation, tenant)) }
}

fn shared() -> Judge {
    judge_of(Isolation::Shared, 1, 1)
}

fn decisions() -> Decisions {
    Decisions::new(OutlineKey::new(3, 4))
}

fn written(decision: &Decision, text: &str) -> String {
    let mut out = Vec::new();
    decision.write(text.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn becomes(decisions: &mut Decisions, judge: &Judge, text: &str, expect: &str) {
    let decision = decisions.decide(text.as_bytes(), judge);
    assert_eq!(decision.refused, None, "{text}");
    assert_eq!(written(&decision, text), expect);
}

#[test]
fn a_decision_serves_all_values() {
    let mut all = decisions();
    let judge = shared();
    for (name, id) in [("'a'", 1), ("'it''s longer'", 123_456), ("E'\\''", 7)] {
        let text =
            format!("/* {id} */ INSERT INTO users VALUES ({id}, {name}) ON CONFLICT (id) DO NOTHING -- x");
        let expect =
            text.replace("users VALUES", "users (id, email) VALUES").replace("(id) DO", "(tenant_id, id) DO");
        becomes(&mut all, &judge, &text, &expect);
    }
    assert_eq!(all.judged(), 2, "E'...' is another outline, and nothing else was parsed");
}

#[test]
fn what_depends_on_values_is_found_by_text() {
    let mut all = decisions();
    let judge = shared();
    for _ in 0..3 {
        becomes(
            &mut all,
            &judge,
            "SELECT id FROM users GROUP BY 1",
            "SELECT id FROM users GROUP BY users.tenant_id, 1",
        );
        becomes(&mut all, &judge, "SELECT id FROM users GROUP BY 7", "SELECT id FROM users GROUP BY 7");
        let set = |all: &mut Decisions, value| {
            let text = format!("SET work_mem = {value}");
            all.decide(text.as_bytes(), &judge).effects.steps.clone()
        };
        let expect = |value: &str| {
            vec![Step::Set { name: "work_mem".to_owned(), values: vec![value.to_owned()], local: false }]
        };
        assert_eq!(set(&mut all, "64"), expect("64"));
        assert_eq!(set(&mut all, "65"), expect("65"));
    }
    assert_eq!(all.judged(), 4);
    // A value that is refused does not come in by the decision for another.
    assert!(all.decide(b"SET client_encoding = 'UTF8'", &judge).refused.is_none());
    assert!(all.decide(b"SET client_encoding = 'SJIS'", &judge).refused.is_some());
    assert!(all.decide(b"SET standard_conforming_strings = 1", &judge).refused.is_none());
    assert!(all.decide(b"SET standard_conforming_strings = 0", &judge).refused.is_some());
}

#[test]
fn tenants_and_rules_have_decisions_of_their_own() {
    let mut all = decisions();
    let (a, b) = (shared(), judge_of(Isolation::Shared, 1, 2));
    for _ in 0..2 {
        for (judge, id) in [(&a, 1), (&b, 2)] {
            becomes(&mut all, judge, "LISTEN news", &format!("LISTEN t_{id:032x}_news"));
            becomes(&mut all, judge, "SELECT 1", "SELECT 1");
        }
    }
    assert_eq!(all.judged(), 3, "LISTEN for each, the other for both");
    let own = judge_of(Isolation::Database, 2, 1);
    assert!(all.decide(b"LOCK users", &a).refused.is_some());
    assert!(all.decide(b"LOCK users", &own).refused.is_none());
    let before = all.judged();
    all.forget(1);
    assert!(all.decide(b"LOCK users", &own).refused.is_none());
    assert_eq!(all.judged(), before, "other rules were not forgotten");
    all.decide(b"SELECT 1", &a);
    assert_eq!(all.judged(), before + 1);
}

/// The character by which a name is read is a string, and must not be taken for a value.
#[test]
fn names_in_unicode_are_not_mixed_up() {
    let mut all = decisions();
    let judge = shared();
    assert!(all.decide(b"SET U&\"!0072ole\" UESCAPE '?' = x", &judge).refused.is_some());
    let plain = b"SELECT U&\"set!005fconfig\" UESCAPE '?' ('a', 'b', true)";
    let call = b"SELECT U&\"set!005fconfig\" UESCAPE '!' ('a', 'b', true)";
    assert!(all.decide(plain, &judge).refused.is_none());
    assert!(all.decide(call, &judge).refused.is_some());
}

#[test]
fn names_of_prepared_statements_are_found_in_other_texts() {
    let mut all = decisions();
    let judge = shared();
    for text in [
        "EXECUTE p (1)",
        "/* 'x' */ EXECUTE p (2)",
        "/* longer */ EXECUTE p ('x')",
        "SELECT 1; DEALLOCATE p",
        "SELECT 123; DEALLOCATE p",
    ] {
        let names = all.decide(text.as_bytes(), &judge).names(text.as_bytes());
        assert_eq!(names.len(), 1);
        assert_eq!((&text[names[0].at.clone()], names[0].name.as_deref()), ("p", Some("p")), "{text}");
    }
    assert_eq!(all.judged(), 4, "the comments have one outline but the values behind are of two kinds");
}

/// A statement of this many bytes or a few more, whose values matter to nobody.
fn with_long_value(bytes: usize) -> String {
    let value = "x''();-- ".repeat(bytes / 9 + 1);
    format!(
        "INSERT INTO users VALUES (1, '{value}', E'{value}\\'') /* {value} */ ON CONFLICT (id) DO NOTHING"
    )
}

#[test]
fn long_values_are_not_parsed() {
    let mut all = decisions();
    for judge in [shared(), judge_of(Isolation::Database, 2, 1)] {
        let before = all.judged();
        for bytes in [100, DECISION_STATEMENT_BYTES_MAX, JUDGED_STATEMENT_BYTES_MAX, 4 << 20] {
            let text = with_long_value(bytes);
            let decision = all.decide(text.as_bytes(), &judge);
            assert!(decision.refused.is_none() && !decision.effects.leaves.unknown, "{bytes}");
            let fresh = tenantry_shape::application::judge(&text, &judge.rules);
            assert_eq!(written(&decision, &text), apply(&text, &fresh.edits), "{bytes}");
        }
        assert_eq!(all.judged(), before + 1, "all have one outline");
    }
}

#[test]
fn long_texts_whose_values_matter_are_not_kept() {
    let mut all = decisions();
    let judge = shared();
    // What is a setting's name in one text is another's in the next.
    let of = |bytes: usize| format!("SET application_name = 'a{}'", "x".repeat(bytes)).into_bytes();
    let kept = all.len();
    assert!(all.decide(&of(DECISION_STATEMENT_BYTES_MAX), &judge).refused.is_none());
    let mark = all.len() - kept;
    assert!(all.decide(&of(DECISION_STATEMENT_BYTES_MAX + 1), &judge).refused.is_none());
    assert_eq!(all.len() - kept, mark, "nothing of the long texts themselves");
    let huge = of(JUDGED_STATEMENT_BYTES_MAX);
    assert_eq!(all.decide(&huge, &judge).refused.as_ref().unwrap().sqlstate, "54000");
    let own = all.decide(&huge, &judge_of(Isolation::Database, 2, 1));
    assert!(own.refused.is_none() && own.effects.leaves.unknown);
}

#[test]
fn texts_that_are_long_without_their_values() {
    let mut all = decisions();
    let judge = shared();
    let of = |bytes: usize| format!("SELECT 1{}", ", 1".repeat(bytes / 3)).into_bytes();
    assert!(all.decide(&of(DECISION_STATEMENT_BYTES_MAX), &judge).refused.is_none());
    assert!(all.is_empty());
    let huge = of(JUDGED_STATEMENT_BYTES_MAX);
    assert_eq!(all.decide(&huge, &judge).refused.as_ref().unwrap().sqlstate, "54000");
    let own = all.decide(&huge, &judge_of(Isolation::Database, 2, 1));
    assert!(own.refused.is_none() && own.effects.leaves.unknown);
    // Long both ways.
    let both = format!(
        "{}, '{}'",
        String::from_utf8(of(JUDGED_STATEMENT_BYTES_MAX / 2)).unwrap(),
        "x".repeat(1 << 20)
    );
    assert!(all.decide(both.as_bytes(), &judge).refused.is_none());
    let refused = format!("{both}; LOCK users");
    assert_eq!(all.decide(refused.as_bytes(), &judge).refused.as_ref().unwrap().sqlstate, "42501");
}

#[test]
fn other_encodings() {
    let mut all = decisions();
    let latin = b"SELECT '\xe9'";
    assert_eq!(all.decide(latin, &shared()).refused.as_ref().unwrap().sqlstate, "22021");
    assert!(all.decide(b"SELECT 'e'", &shared()).refused.is_none(), "and not by the outline");
    let own = all.decide(latin, &judge_of(Isolation::Schema, 2, 1));
    assert!(own.refused.is_none() && own.keeps_text() && own.effects.leaves.unknown);
}

/// A client that sends ever new statements gets no more memory than the others.
#[test]
fn hostile_clients_have_no_more_room() {
    let mut all = decisions();
    all.kept = Generations::new(64, 20_000);
    let judge = judge_of(Isolation::Database, 1, 1);
    for i in 0..2_000 {
        all.decide(format!("SELECT a{i}").as_bytes(), &judge);
        assert!(all.len() <= 64);
    }
}

/// Statements with places for values.
const TEMPLATES: &[&str] = &[
    "INSERT INTO users VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = ?",
    "/* x */ INSERT INTO users VALUES (?, ?, ?), (?, ?, ?) RETURNING id",
    "SELECT id, name, ? FROM users u WHERE id = ? GROUP BY u.id HAVING count(*) > ?",
    "SELECT ?; TRUNCATE users; SELECT ?",
    "SELECT pg_advisory_lock(?), pg_notify('a', ?) FROM public.users WHERE name = ?",
    "PREPARE p AS INSERT INTO users VALUES (?) ; EXECUTE p (?)",
    "NOTIFY x, 'y'; SELECT ?",
    "SELECT id FROM users WHERE id = ? GROUP BY ?",
    "SET work_mem = ?",
    "SELECT nextval(?)",
    "LOCK users; SELECT ?",
    "COPY users FROM STDIN; SELECT ?",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,12}",
        "[0-9]{1,3}\\.[0-9]{1,3}",
        "'([a-z ();,-]|''){0,12}'",
        "E'([a-z]|\\\\\\\\|\\\\'){0,8}'",
        Just("'public'".to_owned()),
        Just("'public.users'".to_owned()),
        Just("'ON CONFLICT (id)'".to_owned()),
        Just("1".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A decision found again is the one that would be made.
    #[test]
    fn kept_decisions_are_fresh_ones(
        template in prop::sample::select(TEMPLATES),
        first in prop::collection::vec(value(), 7),
        second in prop::collection::vec(value(), 7),
    ) {
        let fill = |values: &[String]| {
            let mut left = values.iter();
            template.chars().map(|c| if c == '?' { left.next().unwrap().clone() } else { c.to_string() }).collect::<String>()
        };
        let mut all = decisions();
        let judge = shared();
        for text in [fill(&first), fill(&second), fill(&first)] {
            let decision = all.decide(text.as_bytes(), &judge);
            let fresh = tenantry_shape::application::judge(&text, &judge.rules);
            prop_assert_eq!(&decision.refused, &fresh.refused, "{}", &text);
            if fresh.refused.is_some() {
                continue;
            }
            let after = written(&decision, &text);
            prop_assert_eq!(&after, &apply(&text, &fresh.edits));
            prop_assert!(pg_query::parse(&after, 0).is_ok(), "{}", &after);
            prop_assert_eq!(&decision.effects.steps, &fresh.effects.steps);
            prop_assert_eq!(decision.effects.leaves, fresh.effects.leaves);
            prop_assert_eq!(decision.effects.reads_only, fresh.effects.reads_only);
            prop_assert_eq!(decision.names(text.as_bytes()), fresh.effects.prepared);
            prop_assert_eq!(&decision.tags, &fresh.tags);
        }
    }

    #[test]
    fn any_bytes_can_be_decided(text in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut all = decisions();
        for judge in [shared(), judge_of(Isolation::Schema, 2, 1)] {
            let decision = all.decide(&text, &judge);
            decision.write(&text, &mut Vec::new());
        }
    }
}
