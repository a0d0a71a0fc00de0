use proptest::prelude::*;

use super::*;

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), generated: false }
}

fn table(name: &str, columns: &[&str], key: &[&str]) -> Table {
    Table {
        name: name.to_owned(),
        columns: columns.iter().map(|c| column(c)).collect(),
        primary_key: key.iter().map(|c| (*c).to_owned()).collect(),
        ..Table::default()
    }
}

fn rules(isolation: Isolation) -> Rules {
    let mut notes = table("notes", &["id", "author", "body"], &["id"]);
    notes.references = vec!["users".to_owned()];
    notes.counters = vec![Counter { name: "notes_id_seq".to_owned(), start: 1 }];
    notes.columns.push(Column { name: "size".to_owned(), generated: true });
    let mut watched = table("watched", &["id"], &["id"]);
    watched.acts_on_delete = true;
    let mut countries = table("countries", &["code", "name"], &["code"]);
    countries.global = true;
    let users = table("users", &["id", "email", "name"], &["id"]);
    Rules {
        isolation,
        door: Door::Tenant,
        tenant: Some("0123456789abcdef0123456789abcdef".parse().unwrap()),
        schema: if isolation == Isolation::Shared { "shared" } else { "tenant_1" }.to_owned(),
        tables: Arc::new(Tables::new("tenant_id", vec![users, notes, watched, countries], Vec::new())),
        harmless: Arc::new(["lower", "count", "now", "sum"].into_iter().map(str::to_owned).collect()),
        own_settings: Arc::new(OwnSettings::parse(&["shop.*".to_owned()]).unwrap()),
        explains: true,
    }
}

fn shared(text: &str) -> Judgement {
    judge(text, &rules(Isolation::Shared))
}

#[track_caller]
fn becomes(text: &str, expect: &str) {
    let judgement = shared(text);
    assert_eq!(judgement.refused, None, "{text}");
    assert_eq!(apply(text, &judgement.edits), expect);
}

#[track_caller]
fn refused(text: &str, sqlstate: &str) -> Denial {
    let denial = shared(text).refused.unwrap_or_else(|| panic!("{text} passes"));
    assert_eq!(denial.sqlstate, sqlstate, "{text}: {denial}");
    assert!(!denial.reason.is_empty() && !denial.remedy.is_empty(), "{text}");
    denial
}

#[test]
fn what_is_written_for_one_tenant_is_rewritten() {
    for text in [
        "SELECT id, name FROM users WHERE id = $1",
        "",
        ";",
        " -- nothing",
        "INSERT INTO users (id) VALUES (1)",
    ] {
        becomes(text, text);
    }
    for (text, expect) in [
        (
            "INSERT INTO users VALUES (1, 'a', 'b') ON CONFLICT (id) DO NOTHING",
            "INSERT INTO users (id, email, name) VALUES (1, 'a', 'b') ON CONFLICT (tenant_id, id) DO NOTHING",
        ),
        (
            "SELECT u.id, u.name, count(*) FROM users u JOIN notes n ON n.author = u.id GROUP BY u.id",
            "SELECT u.id, u.name, count(*) FROM users u JOIN notes n ON n.author = u.id GROUP BY u.tenant_id, u.id",
        ),
        ("SELECT id, name FROM users GROUP BY 1", "SELECT id, name FROM users GROUP BY users.tenant_id, 1"),
        ("TRUNCATE TABLE notes", "DELETE FROM notes"),
        (
            "TRUNCATE users, ONLY public.notes;",
            "WITH tenantry_emptied_0 AS (DELETE FROM users) DELETE FROM ONLY shared.notes;",
        ),
        (
            "TRUNCATE users RESTART IDENTITY CASCADE",
            "WITH tenantry_emptied_0 AS (DELETE FROM users), tenantry_restarted AS MATERIALIZED (SELECT \
             tenantry.set_value('shared.notes_id_seq', 1, false)) DELETE FROM notes WHERE (SELECT pg_catalog.count(*) \
             FROM tenantry_restarted) > 0",
        ),
        ("LISTEN news", "LISTEN t_0123456789abcdef0123456789abcdef_news"),
        ("UNLISTEN *", "UNLISTEN *"),
        ("NOTIFY \"My news\", 'it''s'", "NOTIFY \"t_0123456789abcdef0123456789abcdef_My news\", 'it''s'"),
        (
            "SELECT pg_notify('a', 'b'), pg_catalog.pg_try_advisory_lock(1), my.pg_advisory_lock(2)",
            "SELECT tenantry.notify('a', 'b'), tenantry.try_advisory_lock(1), my.pg_advisory_lock(2)",
        ),
        (
            "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
            "SELECT current_setting('jit') AS cur, tenantry.set_config('jit', 'off', false) AS new",
        ),
        (
            "SELECT pg_catalog.set_config('shop.user', $1, true) FROM users",
            "SELECT tenantry.set_config('shop.user', $1, true) FROM users",
        ),
        ("COPY users FROM STDIN", "COPY users (id, email, name) FROM STDIN"),
        ("COPY public.notes TO STDOUT CSV", "COPY shared.notes (id, author, body) TO STDOUT CSV"),
        ("COPY notes (id) TO STDOUT", "COPY notes (id) TO STDOUT"),
        (
            "SELECT \"public\".users.id FROM \"public\".\"users\", public.countries",
            "SELECT shared.users.id FROM shared.\"users\", global.countries",
        ),
        (
            "PREPARE p (int) AS INSERT INTO users VALUES ($1) RETURNING id",
            "PREPARE p (int) AS INSERT INTO users (id) VALUES ($1) RETURNING id",
        ),
        ("EXPLAIN INSERT INTO users VALUES (1)", "EXPLAIN INSERT INTO users (id) VALUES (1)"),
        (
            "BEGIN; INSERT INTO notes SELECT * FROM notes; COMMIT",
            "BEGIN; INSERT INTO notes (id, author, body, size) SELECT notes.id, notes.author, notes.body, notes.size \
             FROM notes; COMMIT",
        ),
        ("SELECT nextval('notes_id_seq')", "SELECT tenantry.next_value('notes_id_seq')"),
        (
            "MERGE INTO users u USING notes n ON u.id = n.author WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')",
            "MERGE INTO users u USING notes n ON u.id = n.author WHEN NOT MATCHED THEN INSERT (id, email) VALUES (1, 'x')",
        ),
    ] {
        becomes(text, expect);
    }
}

/// A value may look like anything.
#[test]
fn values_are_left_alone() {
    for text in [
        "EXECUTE p('see public.users, pg_advisory_lock(1) and NOTIFY x')",
        "INSERT INTO users (name) VALUES ('ON CONFLICT (id) GROUP BY 1; TRUNCATE users')",
        "SELECT $$ INSERT INTO users VALUES (1) $$",
        "SELECT 1 AS public",
    ] {
        becomes(text, text);
    }
}

#[test]
fn a_truncate_that_delete_can_not_stand_for() {
    refused("TRUNCATE users", "0A000");
    refused("TRUNCATE watched", "0A000");
    refused("TRUNCATE countries", "42501");
    refused("TRUNCATE nothing", "42P01");
    let judgement = shared("BEGIN; TRUNCATE notes");
    assert_eq!(judgement.tags, [(1, "TRUNCATE TABLE")]);
}

/// Each with what could hide it.
const FORBIDDEN: &[&str] = &[
    "LOCK TABLE users",
    "lock users in access exclusive mode nowait",
    "/* SELECT 1 */ LOCK users",
    "SELECT 1; -- x\n LOCK users",
    "BEGIN; LOCK users; COMMIT",
    "DO $$ BEGIN END $$",
    "do language plpgsql 'begin end'",
    "CREATE TABLE t (a int)",
    "CREATE TEMP TABLE t (a int)",
    "CREATE TABLE t AS SELECT 1",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    "EXPLAIN (ANALYZE) REFRESH MATERIALIZED VIEW v",
    "SELECT 1 INTO t",
    "SELECT * INTO TEMP t FROM users",
    "WITH a AS (SELECT 1) SELECT * INTO t FROM a",
    "PREPARE p AS SELECT 1 INTO t",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE users ADD a int",
    "ALTER ROLE x SET a = 1",
    "DROP TABLE users",
    "GRANT SELECT ON users TO public",
    "VACUUM users",
    "ANALYZE users",
    "CLUSTER",
    "REINDEX TABLE users",
    "CHECKPOINT",
    "LOAD 'x'",
    "COMMENT ON TABLE users IS 'x'",
    "SECURITY LABEL ON TABLE users IS 'x'",
    "REFRESH MATERIALIZED VIEW v",
    "CREATE EXTENSION hstore",
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    "COPY users FROM '/etc/passwd'",
    "COPY users TO PROGRAM 'sh'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY users FROM PROGRAM 'sh'",
    "SET ROLE other",
    "SET \"ROLE\" = other",
    "SET U&\"\\0072ole\" = other",
    "SET role TO 'other'",
    "SET SESSION AUTHORIZATION other",
    "SET row_security = off",
    "SET LOCAL session_replication_role = replica",
    "SET search_path = tenant_2",
    "SET search_path TO public, \"tenant_2\"",
    "SET SCHEMA 'tenant_2'",
    "SET app.current_tenant = 'x'",
    "SET tenantry.x = 1",
    "SET TRANSACTION SNAPSHOT '1'",
    "SET log_statement = 'none'",
    "SET local_preload_libraries = 'x'",
    "SELECT set_config('role', 'x', false)",
    "SELECT pg_catalog.set_config('tenantry.x', '1', true)",
    "SELECT \"set_config\"('a', 'b', true)",
    "SELECT set_config('search_path', 'tenant_2', true)",
    "SELECT set_config('app.current_tenant', 'x', true)",
    "SELECT set_config('standard_conforming_strings', 'off', true)",
    "SELECT set_config($1, 'x', true)",
    "SELECT set_config('shop' || '.x', 'x', true)",
    "SELECT tenantry.set_config('a.b', 'x', true)",
    "SELECT count(*) FROM users WHERE set_config(name, 'x', false) = 'x'",
    "PREPARE p AS SELECT set_config('a.b', 'c', false)",
    "SET other.x = 'y'",
    "SET app.current_tenant = 'y'",
    "SET tenantry.pooling = 'y'",
    "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
    "ALTER SYSTEM SET a = 1",
    "DROP OWNED BY x",
    "REASSIGN OWNED BY x TO y",
    "CREATE RULE r AS ON INSERT TO users DO NOTHING",
    "CREATE SCHEMA s CREATE TABLE t (a int)",
];

#[test]
fn what_does_not_pass_in_shared_isolation() {
    for text in FORBIDDEN {
        refused(text, "42501");
    }
    for text in ["SELEC 1", "SELECT 'x", "SELECT 1; LOCK (", "SELECT \0 1", "SELECT 1)"] {
        refused(text, "42601");
    }
    for text in [
        "SET standard_conforming_strings = off",
        "SET NAMES 'SJIS'",
        "SET client_encoding = 'big5'",
        "IDENTIFY_SYSTEM",
    ] {
        refused(text, "0A000");
    }
    let mut strict = rules(Isolation::Shared);
    strict.explains = false;
    assert!(judge("EXPLAIN SELECT 1", &strict).refused.is_some());
}

#[test]
fn what_passes_in_shared_isolation() {
    for text in [
        "VALUES (1)",
        "TABLE users",
        "WITH a AS (DELETE FROM users RETURNING id) SELECT * FROM a",
        "SELECT * FROM users FOR UPDATE SKIP LOCKED",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SAVEPOINT a; ROLLBACK TO a; RELEASE a; END",
        "START TRANSACTION",
        "ABORT",
        "SET TIME ZONE 'Europe/Berlin'",
        "SET TIME ZONE INTERVAL '2' HOUR",
        "SET DateStyle = ISO, DMY",
        "SET NAMES 'UTF8'",
        "SET standard_conforming_strings TO on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET search_path = public",
        "SET search_path TO '$user', public, pg_catalog",
        "SET shop.user_id = '7'",
        "SET ROLE NONE",
        "RESET ROLE; RESET ALL; DISCARD ALL",
        "SHOW server_version",
        "DECLARE c CURSOR FOR SELECT * FROM users",
        "FETCH 10 FROM c; MOVE 1 IN c; CLOSE ALL",
        "EXPLAIN (ANALYZE, BUFFERS) UPDATE users SET name = 'x'",
        "EXECUTE p (1); DEALLOCATE ALL",
        "SET CONSTRAINTS ALL DEFERRED",
        "CALL f(1)",
        "COPY (SELECT 1) TO STDOUT",
    ] {
        assert_eq!(shared(text).refused, None, "{text}");
    }
}

#[test]
fn where_postgresql_is_the_boundary() {
    for isolation in [Isolation::Schema, Isolation::Database] {
        let rules = rules(isolation);
        for text in [
            "LOCK users",
            "DO $$ BEGIN END $$",
            "CREATE TABLE t (a int)",
            "SET ROLE x",
            "SELEC 1",
            "RESET SESSION AUTHORIZATION",
        ] {
            assert_eq!(judge(text, &rules).refused, None, "{text}");
        }
        assert!(judge("SELEC 1", &rules).effects.leaves.unknown);
        for text in [
            "SET standard_conforming_strings = 'of'",
            "SET client_encoding TO gbk",
            "SET SESSION AUTHORIZATION x",
            "SELECT set_config('Client_Encoding', 'SJIS', false)",
            "ALTER ROLE x SET standard_conforming_strings = off",
            "START_REPLICATION SLOT x LOGICAL 0/0",
            "/* x */ SET LOCAL standard_conforming_strings = 0",
            "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
            "WITH a AS (UPDATE pg_catalog.pg_settings SET setting = 'x') SELECT 1",
            "PREPARE p AS UPDATE \"pg_settings\" SET setting = 'x'",
        ] {
            assert!(judge(text, &rules).refused.is_some(), "{text}");
        }
        let edited = judge("INSERT INTO users VALUES (1) ON CONFLICT (id) DO NOTHING", &rules).edits;
        assert!(edited.is_empty());
    }
    let schema = judge("SELECT * FROM public.users", &rules(Isolation::Schema));
    assert_eq!(apply("SELECT * FROM public.users", &schema.edits), "SELECT * FROM tenant_1.users");
    assert!(schema.by_tenant);
    assert!(judge("LISTEN x", &rules(Isolation::Database)).edits.is_empty());
}

#[test]
fn what_a_text_does() {
    let mut app = rules(Isolation::Shared);
    app.door = Door::App;
    let found = judge(
        "BEGIN READ ONLY; SET LOCAL app.current_tenant = 'acme'; SET TimeZone = 'UTC'; COMMIT AND CHAIN",
        &app,
    );
    assert_eq!(
        found.effects.steps,
        [
            Step::Begin { read_only: Some(true) },
            Step::Tenant { name: Some("acme".to_owned()), local: true },
            Step::Set { name: "timezone".to_owned(), values: vec!["UTC".to_owned()], local: false },
            Step::Commit { chain: true },
        ]
    );
    assert_eq!(found.effects.steps_by_statement, [1, 2, 3, 4]);
    assert!(found.effects.reads_only && found.effects.leaves.settings && found.effects.statements == 4);
    let steps = |text: &str| judge(text, &app).effects.steps;
    assert_eq!(steps("RESET app.current_tenant"), [Step::Tenant { name: None, local: false }]);
    assert_eq!(
        steps("SET work_mem TO DEFAULT"),
        [Step::Set { name: "work_mem".to_owned(), values: vec![], local: false }]
    );
    assert_eq!(steps("DISCARD TEMP; RESET ALL"), [Step::Discard(Discarded::Temp), Step::ResetAll]);
    assert_eq!(steps("BEGIN READ WRITE"), [Step::Begin { read_only: Some(false) }]);
    assert_eq!(
        steps("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
        [Step::Set {
            name: "default_transaction_read_only".to_owned(),
            values: vec!["1".to_owned()],
            local: false
        }]
    );
}

#[test]
fn a_reset_at_the_app_door_keeps_the_tenant() {
    let mut app = rules(Isolation::Shared);
    app.door = Door::App;
    for (text, expect) in [
        ("RESET ALL", "CALL tenantry.reset_all()"),
        ("BEGIN; reset /* x */ all ; SELECT 1", "BEGIN; CALL tenantry.reset_all() ; SELECT 1"),
        ("RESET work_mem", "RESET work_mem"),
    ] {
        let found = judge(text, &app);
        assert_eq!(apply(text, &found.edits), expect);
        let resets = text.to_ascii_lowercase().contains("all");
        assert_eq!(found.tags.iter().any(|(_, tag)| *tag == "RESET"), resets, "{text}");
        assert_eq!(found.effects.steps.contains(&Step::ResetAll), resets, "{text}");
    }
    becomes("RESET ALL", "RESET ALL");
    let seeds = |text: &str| judge(text, &app).effects.leaves.seed;
    for text in [
        "SET seed = 0.5",
        "SET LOCAL seed TO 1",
        "SELECT setseed(0.1)",
        "SELECT set_config('seed', '1', true)",
    ] {
        assert!(seeds(text), "{text}");
    }
    assert!(!seeds("SELECT random()"));
}

#[test]
fn what_set_config_sets() {
    for isolation in [Isolation::Shared, Isolation::Database] {
        let steps = |text: &str| judge(text, &rules(isolation)).effects.steps;
        let set = |name: &str, values: &[&str], local| Step::Set {
            name: name.to_owned(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
            local,
        };
        assert_eq!(
            steps("SELECT current_setting('jit'), set_config('JIT', 'off'::text, false) AS new, 1"),
            [set("jit", &["off"], false)]
        );
        assert_eq!(steps("SELECT set_config('shop.x', 'y', 't'::bool)"), [set("shop.x", &["y"], true)]);
        assert_eq!(steps("SELECT set_config('shop.x', NULL, false)"), [set("shop.x", &[], false)]);
        for text in ["SELECT set_config('shop.x', $2, false)", "SELECT set_config('shop.x', $2::text, 'f')"] {
            let expect = Step::SetParameter { name: "shop.x".to_owned(), parameter: 2 };
            assert_eq!(steps(text), [expect], "{text}");
        }
        assert!(steps("SELECT set_config('shop.x', $2, true)").is_empty());
    }
    for text in
        ["SELECT set_config('jit', 'off', false)", "SELECT U&\"\\0073et_config\"('jit', 'off', false)"]
    {
        let judgement = shared(text);
        assert!(judgement.refused.is_none() && !judgement.by_outline, "{text}");
    }
    let path = judge("SELECT set_config('search_path', 'A, b', false)", &rules(Isolation::Database));
    let values = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(path.effects.steps, [Step::Set { name: "search_path".to_owned(), values, local: false }]);
}

#[test]
fn what_stays_in_the_session() {
    let leaves = |text: &str| judge(text, &rules(Isolation::Database)).effects.leaves;
    assert!(!leaves("SELECT lower(name), count(*) FROM users; UPDATE users SET name = 'x'").any());
    assert!(leaves("CREATE TEMP TABLE x (a int)").temporary);
    assert!(leaves("SELECT 1 INTO TEMPORARY x").temporary);
    assert!(leaves("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql RETURN 1").temporary);
    assert!(leaves("DECLARE c CURSOR WITH HOLD FOR SELECT 1").cursors);
    assert!(!leaves("DECLARE c CURSOR FOR SELECT 1").any());
    assert!(leaves("LISTEN x").channels);
    assert!(leaves("PREPARE p AS SELECT 1").prepared);
    assert!(leaves("SELECT pg_advisory_lock(1)").locks);
    assert!(!leaves("SELECT pg_advisory_xact_lock(1)").any());
    assert!(leaves("SELECT setval('s', 1)").sequences && !leaves("SELECT setval('s', 1)").counts);
    assert!(
        leaves("INSERT INTO users VALUES (1)").counts && leaves("TRUNCATE users RESTART IDENTITY").counts
    );
    assert!(leaves("SELECT mine(1)").unknown && leaves("SELECT other.lower('x')").unknown);
    assert!(leaves("DO 'x'").unknown);
    assert!(leaves("SET work_mem = 1").settings && !leaves("SET LOCAL work_mem = 1").any());
    assert!(leaves("SELECT set_config('a.b', 'c', false)").settings);
    for text in [
        "SELECT set_config('a.b', 'c', $1)",
        "SELECT set_config('a.b', lower('C'), false)",
        "SELECT set_config('a.b', 1::text, false)",
        "SELECT set_config('a.b', $1::int::text, false)",
        "SELECT set_config('a.b', 'c', false) WHERE false",
        "SELECT set_config('a.b', 'c', false) LIMIT 0",
        "SELECT CASE WHEN false THEN set_config('a.b', 'c', false) END",
        "SELECT set_config('a.b', 'c', false) UNION SELECT 'x'",
        "SELECT set_config('a.b', 'c', false) FROM t",
        "WITH x AS (SELECT set_config('a.b', 'c', false)) SELECT 1",
        "PREPARE p AS SELECT set_config('a.b', 'c', false)",
        "DECLARE c CURSOR FOR SELECT set_config('a.b', 'c', false)",
        "EXPLAIN SELECT set_config('a.b', 'c', false)",
    ] {
        let effects = judge(text, &rules(Isolation::Schema)).effects;
        assert!(effects.leaves.unknown && effects.steps.is_empty(), "{text}: {effects:?}");
    }
    assert!(!leaves("SELECT set_config('a.b', 'c', true)").any());
}

#[test]
fn what_only_reads() {
    let reads = |text: &str| judge(text, &rules(Isolation::Database)).effects.reads_only;
    let primary = |text: &str| judge(text, &rules(Isolation::Database)).effects.primary_only;
    for text in [
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT tenantry.advisory_lock(1)",
        "SELECT nextval('s')",
        "SELECT txid_current()",
        "SELECT pg_notify('a', 'b')",
        "LISTEN x",
        "NOTIFY x",
        "LOCK TABLE t IN SHARE MODE",
        "CREATE TEMP TABLE t (a int)",
        "SELECT 1 INTO TEMP t",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        "BEGIN READ ONLY; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET default_transaction_isolation = 'Serializable'",
        "BEGIN READ ONLY; SELECT pg_try_advisory_lock(1); COMMIT",
    ] {
        assert!(primary(text), "{text}");
    }
    for text in [
        "BEGIN READ ONLY",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SELECT 'serializable', own_function(1) FROM t",
        "INSERT INTO t VALUES (1)",
        "SET application_name = 'x'",
        "UNLISTEN *",
        "DISCARD ALL",
        "COPY t TO STDOUT",
    ] {
        assert!(!primary(text), "{text}");
    }
    for text in [
        "SELECT lower('x')",
        "SHOW x",
        "BEGIN; SELECT 1; COMMIT",
        "COPY users TO STDOUT",
        "EXPLAIN SELECT 1",
        "VALUES (1)",
    ] {
        assert!(reads(text), "{text}");
    }
    for text in [
        "SELECT 1 FROM users FOR SHARE",
        "WITH a AS (DELETE FROM users) SELECT 1",
        "SELECT mine()",
        "SELECT nextval('x')",
        "EXPLAIN ANALYZE DELETE FROM users",
        "EXPLAIN ANALYZE EXECUTE p",
        "COPY users FROM STDIN",
        "SELECT (SELECT 1 INTO x)",
        "SELECT 1; UPDATE users SET name = 'x'",
        "CALL f()",
        "NOTIFY x",
    ] {
        assert!(!reads(text), "{text}");
    }
}

#[test]
fn names_of_prepared_statements_have_a_place() {
    for (text, written) in [
        ("PREPARE /* x */ \"My p\" AS SELECT 1", "\"My p\""),
        ("SELECT 1; EXECUTE p(1)", "p"),
        ("EXPLAIN (ANALYZE) EXECUTE p(execute)", "p"),
        ("DEALLOCATE p", "p"),
        ("DEALLOCATE PREPARE p", "p"),
        ("DEALLOCATE PREPARE", "PREPARE"),
        ("DEALLOCATE ALL", "ALL"),
        ("CREATE TABLE execute AS EXECUTE p", "p"),
    ] {
        let found = judge(text, &rules(Isolation::Database)).effects.prepared;
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(&text[found[0].at.clone()], written, "{text}");
        let within = &text[found[0].within.clone()];
        assert!(
            text.ends_with(within) && found[0].statement == text.matches(';').count(),
            "{text}: {within}"
        );
        assert_eq!(found[0].name.is_none(), written == "ALL", "{text}");
    }
}

#[test]
fn a_statement_ends_before_its_semicolon() {
    let text = "SELECT 1; PREPARE p AS SELECT 'x;' ; EXECUTE p;";
    let found = judge(text, &rules(Isolation::Database)).effects.prepared;
    let within: Vec<&str> = found.iter().map(|p| &text[p.within.clone()]).collect();
    assert_eq!(within, ["PREPARE p AS SELECT 'x;'", "EXECUTE p"]);
    assert_eq!(found.iter().map(|p| p.statement).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_holds_for_an_outline() {
    for text in [
        "SELECT 1",
        "INSERT INTO users VALUES (1, 'x') ON CONFLICT (id) DO NOTHING",
        "SELECT id, name FROM users WHERE id = 7 GROUP BY id",
        "LOCK users",
        "RESET ALL",
    ] {
        assert!(shared(text).by_outline, "{text}");
    }
    for text in [
        "SET work_mem = 1",
        "SELECT id FROM users GROUP BY 1",
        "SELECT nextval('notes_id_seq')",
        "SELECT 'public.users'::regclass",
        "SELECT 1 FROM x WHERE table_schema = 'x'",
        "SELECT U&\"d!0061ta\" UESCAPE '!'",
        "SELEC 1",
        "SELECT pg_get_serial_sequence('a', 'b')",
    ] {
        assert!(!shared(text).by_outline, "{text}");
    }
    assert!(shared("LISTEN x").by_tenant && !shared("SELECT 1").by_tenant);
}

proptest! {
    #[test]
    fn any_text_can_be_judged(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let text = String::from_utf8_lossy(&bytes);
        for isolation in Isolation::ALL {
            judge(&text, &rules(isolation));
        }
    }

    #[test]
    fn any_sql_can_be_judged(words in prop::collection::vec(prop::sample::select(WORDS), 0..14)) {
        let text = words.join(" ");
        let found = shared(&text);
        if found.refused.is_none() {
            let after = apply(&text, &found.edits);
            prop_assert!(pg_query::parse(&after, 0).is_ok(), "{text} / {after}");
        }
    }
}

const WORDS: &[&str] = &[
    "SELECT",
    "*",
    "FROM",
    "users",
    "notes",
    "INSERT INTO",
    "VALUES",
    "(1)",
    "(",
    ")",
    ",",
    ";",
    "GROUP BY",
    "id",
    "1",
    "ON CONFLICT",
    "(id)",
    "DO NOTHING",
    "TRUNCATE",
    "COPY",
    "STDIN",
    "TO STDOUT",
    "LISTEN",
    "NOTIFY",
    "x",
    "'public'",
    "public.",
    "WITH a AS",
    "PREPARE p AS",
    "EXECUTE",
    "SET",
    "=",
    "'a'",
    "AS",
    "TABLE",
    "u",
    "JOIN",
    "USING",
    "nextval('notes_id_seq')",
    "pg_notify('a', 'b')",
    "EXPLAIN",
    "UNION",
    "RETURNING",
    "ORDER BY 1",
    "--\n",
    "/* */",
];

/// Deep trees end in a verdict, not in the end of the stack.
#[test]
fn deep_texts_are_judged() {
    for text in [
        format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)),
        format!("SELECT {}1", "NOT ".repeat(5000)),
        format!("SELECT 1{}", "+1".repeat(5000)),
        format!("SELECT {}1", "- ".repeat(5000)),
    ] {
        shared(&text);
    }
}
