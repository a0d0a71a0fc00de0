use tenantry_shape::application::{Column, Table};

use super::*;

fn profile(isolation: Isolation, door: Door) -> Profile {
    let tenant = Some("00000001-0000-4000-8000-000000000001".parse().unwrap());
    let id = isolation as u32 * 2 + u32::from(door == Door::App);
    Profile { id, tenant, door, isolation, schema: "shared".into(), place: 0 }
}

fn source(number: u64, columns: &[&str]) -> Arc<Source> {
    let column = |name: &&str| Column { name: (*name).to_owned(), generated: false };
    let table = Table {
        name: "users".to_owned(),
        columns: columns.iter().map(column).collect(),
        primary_key: vec!["id".to_owned()],
        ..Table::default()
    };
    Arc::new(Source {
        place: 0,
        number,
        tables: Arc::new(Tables::new("tenant_id", vec![table], Vec::new())),
        harmless: Arc::new(["lower", "count"].map(str::to_owned).into()),
        own_settings: Arc::default(),
    })
}

fn judging() -> Judging {
    let mut judging = Judging::new(OutlineKey::new(1, 2));
    judging.learn(&source(1, &["id", "name"]));
    judging
}

fn decide(judging: &mut Judging, profile: &Profile, text: &str) -> Decision {
    judging.statement(Statement { profile, text: text.as_bytes(), is_whole: true })
}

fn sqlstate(decision: &Decision) -> &'static str {
    decision.refused.as_ref().map_or("", |error| error.code().sqlstate())
}

#[test]
fn without_rules_nothing_passes_in_shared_isolation() {
    let mut judging = Judging::new(OutlineKey::new(1, 2));
    let shared = profile(Isolation::Shared, Door::Tenant);
    assert_eq!(sqlstate(&decide(&mut judging, &shared, "SELECT 1")), "57P03");
    let schema = profile(Isolation::Schema, Door::Tenant);
    assert_eq!(sqlstate(&decide(&mut judging, &schema, "SELECT 1")), "");
    assert!(decide(&mut judging, &schema, "SELECT lower('x')").effects.is_dirty, "nobody vouches for it yet");
    judging.learn(&source(1, &["id"]));
    assert_eq!(sqlstate(&decide(&mut judging, &shared, "SELECT 1")), "");
    assert!(!decide(&mut judging, &schema, "SELECT lower('x')").effects.is_dirty);
}

#[test]
fn a_new_column_is_known_at_once() {
    let mut judging = judging();
    let shared = profile(Isolation::Shared, Door::Tenant);
    let text = "INSERT INTO users VALUES (1, 'x')";
    let first = decide(&mut judging, &shared, text).text.unwrap();
    assert_eq!(String::from_utf8(first).unwrap(), "INSERT INTO users (id, name) VALUES (1, 'x')");
    judging.learn(&source(2, &["id", "name", "email"]));
    let text = "INSERT INTO users VALUES (1, 'x', 'y')";
    let second = decide(&mut judging, &shared, text).text.unwrap();
    assert_eq!(
        String::from_utf8(second).unwrap(),
        "INSERT INTO users (id, name, email) VALUES (1, 'x', 'y')"
    );
}

#[test]
fn the_app_door_keeps_its_tenant() {
    let mut judging = judging();
    for isolation in Isolation::ALL {
        let app = profile(isolation, Door::App);
        for sql in [
            "SET app.current_tenant = 'other'",
            "RESET app.current_tenant",
            "SET LOCAL app.current_tenant TO x",
            "SELECT set_config('app.current_tenant', 'x', true)",
            "SELECT 1; SET \"app\".\"current_tenant\" = 'x'",
        ] {
            assert_eq!(sqlstate(&decide(&mut judging, &app, sql)), "42501", "{isolation} {sql}");
        }
    }
    let tenant = profile(Isolation::Schema, Door::Tenant);
    let named = decide(&mut judging, &tenant, "SET app.current_tenant = 'other'");
    assert_eq!(sqlstate(&named), "", "says nothing at the tenant's own door");
}

#[test]
fn what_leaves_a_session_dirty() {
    let mut judging = judging();
    let tenant = profile(Isolation::Shared, Door::Tenant);
    let app = profile(Isolation::Shared, Door::App);
    for (sql, at_tenant_door, at_app_door) in [
        ("SELECT lower(name), count(*) FROM users GROUP BY id", false, false),
        ("INSERT INTO users VALUES (1, 'x')", false, true),
        ("UPDATE users SET name = 'x'", false, false),
        ("SET work_mem = 1000", false, false),
        ("PREPARE p AS SELECT 1", false, false),
        ("LISTEN x", true, true),
        ("SELECT pg_advisory_lock(1)", true, true),
        ("SELECT nextval('s')", true, true),
        ("SELECT mine()", true, true),
        ("CALL mine()", true, true),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", true, true),
    ] {
        assert_eq!(decide(&mut judging, &tenant, sql).effects.is_dirty, at_tenant_door, "{sql}");
        assert_eq!(decide(&mut judging, &app, sql).effects.is_dirty, at_app_door, "{sql}");
    }
}

#[test]
fn a_path_is_followed_as_it_was_written() {
    let mut judging = judging();
    let mut tenant = profile(Isolation::Schema, Door::Tenant);
    tenant.schema = "tenant_1".into();
    let decision = decide(&mut judging, &tenant, "SET search_path = \"A\", public");
    let text = String::from_utf8(decision.text.unwrap()).unwrap();
    assert_eq!(text, "SET search_path = \"A\", tenant_1, global, extensions");
    let values = ["A", "tenant_1", "global", "extensions"].map(str::to_owned).to_vec();
    let step = Step::Set { name: "search_path".to_owned(), values, local: false };
    let judged = tenantry_shape::application::Effects {
        steps: vec![step],
        steps_by_statement: vec![1],
        ..tenantry_shape::application::Effects::default()
    };
    assert_eq!(decision.effects.course, crate::shard::decide::Course::of(&judged, &[]));
}

#[test]
fn what_begins_a_transaction() {
    let mut judging = judging();
    let tenant = profile(Isolation::Database, Door::Tenant);
    for (sql, expect) in [
        ("BEGIN", true),
        ("BEGIN; SELECT 1; COMMIT", false),
        ("BEGIN; ROLLBACK AND CHAIN", true),
        ("COMMIT; START TRANSACTION READ ONLY", true),
        ("SELECT 1", false),
    ] {
        assert_eq!(decide(&mut judging, &tenant, sql).begins, expect, "{sql}");
    }
}

#[test]
fn messages_that_cant_be_judged_are_refused_where_that_matters() {
    let mut judging = judging();
    let (shared, schema) = (profile(Isolation::Shared, Door::App), profile(Isolation::Schema, Door::Tenant));
    assert_eq!(sqlstate(&judging.function_call(&shared)), "42501");
    let call = judging.function_call(&schema);
    assert!(call.refused.is_none() && call.effects.is_dirty);
    let cut = |profile| Statement { profile, text: b"SELECT 1", is_whole: false };
    assert_eq!(sqlstate(&judging.statement(cut(&shared))), "54000");
    assert!(judging.statement(cut(&schema)).effects.is_dirty);
}
