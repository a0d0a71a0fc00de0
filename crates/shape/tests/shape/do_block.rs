//! DO blocks: for rows, guarded definitions, and those that only a shadow can tell.

use tenantry_shape::ShadowAnswer;

use crate::check;
use crate::support::asked;

fn answer(texts: &[&str]) -> ShadowAnswer {
    let definitions = texts.iter().filter(|t| !t.starts_with("UPDATE")).count();
    ShadowAnswer { texts: texts.iter().map(|t| (*t).to_owned()).collect(), definitions, unknown: false }
}

#[track_caller]
fn check_asked(setup: &str, sql: &str, texts: &[&str], expect: &str) {
    let found = asked(setup, sql, &answer(texts));
    assert_eq!(found, expect.trim_matches('\n'), "\n--- found ---\n{found}\n");
}

/// `AS` before `public` in a CAST is no alias.
#[test]
fn a_cast_to_a_type_of_public() {
    check(
        r#"CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE public.users (mood mood);"#,
        r#"INSERT INTO public.users VALUES (CAST('fine'::text AS "public"."mood"))"#,
        r#"
shared tenant: INSERT INTO shared.users (mood) VALUES (CAST('fine'::text AS shared."mood"))
plain tenant: INSERT INTO shared.users VALUES (CAST('fine'::text AS shared."mood"))
"#,
    );
}

#[test]
fn rows_are_written_per_tenant() {
    check(
        "CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);",
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM public.users LOOP INSERT INTO users VALUES (r.id, 'x') ON CONFLICT (email) DO NOTHING; END LOOP; TRUNCATE users; END $$",
        r#"
shared tenant: DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM shared.users LOOP INSERT INTO users (id, email) VALUES (r.id, 'x') ON CONFLICT (tenant_id, email) DO NOTHING; END LOOP; DELETE FROM users; END $$
plain tenant: DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM shared.users LOOP INSERT INTO users VALUES (r.id, 'x') ON CONFLICT (email) DO NOTHING; END LOOP; TRUNCATE users; END $$
"#,
    );
}

#[test]
fn a_definition_that_is_guarded_needs_no_server() {
    let expect = "shared once: CREATE TYPE mood AS ENUM ('a')\nplain tenant: CREATE TYPE mood AS ENUM ('a')";
    let there = "note: the block has nothing to do: a type mood exists already";
    for sql in [
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;",
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'there'; END $$;",
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('a'); END IF; END $$;",
    ] {
        check("", sql, expect);
        check("CREATE TYPE mood AS ENUM ('b');", sql, there);
    }
    check(
        "CREATE TABLE t (a int PRIMARY KEY);",
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN ALTER TABLE t ADD COLUMN b int; END IF; END $$",
        "shared once: ALTER TABLE t ADD COLUMN b int\nplain tenant: ALTER TABLE t ADD COLUMN b int",
    );
}

#[test]
fn definitions_are_told_by_a_shadow() {
    check_asked(
        "CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int PRIMARY KEY);",
        "\nDO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE format('ALTER TABLE public.%I ADD y int', r.tablename) USING 1; END LOOP; COMMENT ON TABLE a IS 'it''s'; UPDATE a SET y = 1; END $$",
        &[
            "ALTER TABLE __tenantry_schema__.a ADD y int",
            "COMMENT ON TABLE a IS 'it''s'",
            "UPDATE a SET y = 1",
        ],
        r#"
asked m.sql:2: DO ' DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = ''__tenantry_schema_text__'' LOOP EXECUTE tenantry_shadow.note((format(''ALTER TABLE __tenantry_schema__.%I ADD y int'', r.tablename))::text) USING 1; END LOOP; PERFORM tenantry_shadow.note(''COMMENT ON TABLE a IS ''''it''''''''s''''''::text); COMMENT ON TABLE a IS ''it''''s''; PERFORM tenantry_shadow.note(''UPDATE a SET y = 1''::text); UPDATE a SET y = 1; END '
shared once: ALTER TABLE shared.a ADD COLUMN y int
shared once: COMMENT ON TABLE a IS 'it''s'
shared tenant: UPDATE a SET y = 1
plain tenant: ALTER TABLE shared.a ADD y int
plain tenant: COMMENT ON TABLE a IS 'it''s'
plain tenant: UPDATE a SET y = 1
"#,
    );
}

#[test]
fn what_it_runs_is_refused_like_a_statement() {
    check_asked(
        "",
        "SELECT 1;\n  DO $$ BEGIN EXECUTE 'ALTER SYSTEM RESET ALL'; END $$",
        &["ALTER SYSTEM RESET ALL"],
        r#"
asked m.sql:2: DO ' BEGIN EXECUTE tenantry_shadow.note((''ALTER SYSTEM RESET ALL'')::text); END '
m.sql:2:3: the block runs ALTER SYSTEM RESET ALL: ALTER SYSTEM changes the whole server; leave it out: the server's settings are the operator's
"#,
    );
}

#[test]
fn functions_that_define_are_called_on_the_shadow() {
    check_asked(
        "CREATE FUNCTION add_stamp(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE ' || t || ' ADD at timestamptz'; END $$; CREATE TABLE t (a int PRIMARY KEY);",
        "SELECT add_stamp('t')",
        &["ALTER TABLE t ADD at timestamptz"],
        r#"
asked m.sql:1: SELECT add_stamp('t')
shared once: ALTER TABLE t ADD COLUMN at timestamptz
plain tenant: ALTER TABLE t ADD at timestamptz
"#,
    );
}

#[test]
fn definitions_that_nobody_noted_are_refused() {
    let answer = ShadowAnswer { texts: vec!["SELECT 1".to_owned()], definitions: 1, unknown: false };
    let found = asked("", "DO $$ BEGIN EXECUTE 'DISCARD PLANS'; END $$", &answer);
    assert!(found.ends_with("it makes definitions by way of a function that does not tell them; write them as statements of the migration"), "{found}");
}

#[test]
fn definitions_that_hang_on_rows_are_refused() {
    check(
        "CREATE TABLE t (a int);",
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN ALTER TABLE t ADD b int; END IF; END $$;\nDO $$ DECLARE n int; BEGIN SELECT 1 INTO n; ALTER TABLE t ADD b int; UPDATE t SET b = n; END $$;\nDO $$ BEGIN EXECUTE 'ALTER TABLE t ADD b int'; ROLLBACK; END $$",
        r#"
m.sql:1:1: the DO block makes definitions that hang on the rows of t, which differ from tenant to tenant; make the definitions in statements of their own, and leave the rows to another block
m.sql:2:1: the DO block makes definitions, and writes rows with variables in between; make it two blocks: one for the definitions, one for the rows
m.sql:3:1: the DO block rolls back the transaction that the migration runs in; take ROLLBACK out; undo a part of the block by an exception
"#,
    );
}

#[test]
fn without_a_server_there_is_no_answer() {
    check(
        "",
        "DO $$ BEGIN EXECUTE 'CREATE TABLE x ()'; END $$",
        "m.sql:1:1: which definitions the block makes shows only when it runs, and there is no server to run it on; write its statements out; CREATE ... IF NOT EXISTS and ALTER ... IF EXISTS need no block",
    );
}

#[test]
fn a_block_that_nobody_tried_is_left_open() {
    let open = ShadowAnswer { unknown: true, ..ShadowAnswer::default() };
    let found = asked("", "DO $$ BEGIN EXECUTE 'CREATE TABLE x ()'; END $$", &open);
    assert!(
        found.ends_with(
            "note: what the block defines shows when it is tried on a server, and is not told here"
        ),
        "{found}"
    );
}

/// Behind the words that say it, a message may tell which schemas share the name.
#[test]
fn a_guarded_definition_that_is_there_needs_nothing() {
    let setup = "CREATE SCHEMA app; CREATE TABLE app.t (a int PRIMARY KEY, b int REFERENCES app.t);";
    for (definition, there) in [
        ("ALTER TABLE app.t ADD COLUMN b int", "the column b of table t"),
        (
            "ALTER TABLE app.t ADD CONSTRAINT t_b_fkey FOREIGN KEY (b) REFERENCES app.t (a)",
            "the constraint t_b_fkey of table t",
        ),
        ("CREATE TABLE app.t (a int)", "a relation t"),
    ] {
        check(
            setup,
            &format!("DO $$ BEGIN {definition}; EXCEPTION WHEN OTHERS THEN NULL; END $$"),
            &format!(
                "note: the block has nothing to do: {there} exists already (public, app stand for one schema, the tenant's)"
            ),
        );
    }
}

#[test]
fn a_schema_made_in_a_block() {
    check(
        "",
        "DO $$ BEGIN IF NOT EXISTS (SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'app') THEN CREATE SCHEMA app; END IF; END $$; CREATE TABLE app.t (a int)",
        r#"
note: the schema app stands for the tenant's one schema, as public does: names must be unique over both
shared once: CREATE TABLE shared.t (a int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE shared.t (a int)
"#,
    );
}

/// Roles are missing on a shadow: what is said of them is noted and not run.
#[test]
fn roles_and_schemas_are_not_made_on_a_shadow() {
    let answer = ShadowAnswer {
        texts: ["CREATE ROLE reader", "GRANT USAGE ON SCHEMA app TO reader"].map(str::to_owned).into(),
        ..ShadowAnswer::default()
    };
    let found = asked(
        "",
        "DO $$ BEGIN CREATE SCHEMA app; CREATE ROLE reader; GRANT USAGE ON SCHEMA app TO reader; EXECUTE 'CREATE TABLE app.t (a int)'; END $$",
        &answer,
    );
    let expect = r#"
asked m.sql:1: DO ' BEGIN NULL; PERFORM tenantry_shadow.note(''CREATE ROLE reader''::text); PERFORM tenantry_shadow.note(''GRANT USAGE ON SCHEMA app TO reader''::text); EXECUTE tenantry_shadow.note((''CREATE TABLE __tenantry_schema__.t (a int)'')::text); END '
note: the schema app stands for the tenant's one schema, as public does: names must be unique over both
note: the role reader is left out: roles are Tenantry's, see [roles]
note: privileges are left out: Tenantry grants them by [roles]
note: the block has nothing to do
"#;
    assert_eq!(found, expect.trim(), "\n{found}");
}

#[test]
fn batches_are_not_committed() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY);",
        "DO $$ BEGIN LOOP UPDATE t SET a = -a WHERE a > 0; EXIT WHEN NOT FOUND; COMMIT; END LOOP; COMMIT AND CHAIN; END $$",
        r#"
shared tenant: DO $$ BEGIN LOOP UPDATE t SET a = -a WHERE a > 0; EXIT WHEN NOT FOUND; NULL; END LOOP; NULL; END $$
plain tenant: DO $$ BEGIN LOOP UPDATE t SET a = -a WHERE a > 0; EXIT WHEN NOT FOUND; NULL; END LOOP; NULL; END $$
note: COMMIT in the block is left out: a migration is one transaction
"#,
    );
}

#[test]
fn text_that_is_executed_keeps_its_quotes() {
    check(
        "CREATE TABLE t (a text PRIMARY KEY);",
        "DO $$ BEGIN EXECUTE $sql$ UPDATE public.t SET a = 'it' || a $sql$; END $$",
        r#"
shared tenant: DO $$ BEGIN EXECUTE $sql$ UPDATE shared.t SET a = 'it' || a $sql$; END $$
plain tenant: DO $$ BEGIN EXECUTE $sql$ UPDATE shared.t SET a = 'it' || a $sql$; END $$
"#,
    );
}

/// Nothing of it lasts, so it needs no shadow.
#[test]
fn temporary_tables_of_the_block_alone() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b int);",
        "DO $$ DECLARE last int := 0; BEGIN DROP TABLE IF EXISTS todo; CREATE TEMP TABLE todo ON COMMIT DROP AS SELECT * FROM t; CREATE INDEX ON todo (a); UPDATE t SET b = 1 FROM todo WHERE t.a = todo.a AND t.a > last; END $$;",
        r#"
shared tenant: DO $$ DECLARE last int := 0; BEGIN DROP TABLE IF EXISTS pg_temp.todo; DROP TABLE IF EXISTS todo; CREATE TEMP TABLE todo ON COMMIT DROP AS SELECT t.a, t.b FROM t; CREATE INDEX ON todo (a); UPDATE t SET b = 1 FROM todo WHERE t.a = todo.a AND t.a > last; END $$
shared once: DROP TABLE IF EXISTS pg_temp.todo
plain tenant: DO $$ DECLARE last int := 0; BEGIN DROP TABLE IF EXISTS todo; CREATE TEMP TABLE todo ON COMMIT DROP AS SELECT * FROM t; CREATE INDEX ON todo (a); UPDATE t SET b = 1 FROM todo WHERE t.a = todo.a AND t.a > last; END $$
plain tenant: DROP TABLE IF EXISTS pg_temp.todo
"#,
    );
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b int);",
        "DO $$ BEGIN CREATE TEMP TABLE todo AS SELECT 1 AS a; END $$; DELETE FROM t USING todo WHERE t.a = todo.a;",
        r#"
m.sql:1:1: the DO block makes the temporary table todo for statements behind it; make it with CREATE TEMPORARY TABLE as a statement of the migration, before the block
"#,
    );
}

#[test]
fn other_definitions_beside_a_temporary_table() {
    for more in
        ["CREATE INDEX ON t (b);", "DROP TABLE t;", "LOCK TABLE t;", "EXECUTE 'ALTER TABLE t ADD c int';"]
    {
        let sql = format!(
            "DO $$ DECLARE n int := 1; BEGIN CREATE TEMP TABLE todo (a int); {more} UPDATE t SET b = n; END $$"
        );
        check(
            "CREATE TABLE t (a int PRIMARY KEY, b int);",
            &sql,
            r#"
m.sql:1:1: the DO block makes definitions, and writes rows with variables in between; make it two blocks: one for the definitions, one for the rows
"#,
        );
    }
}

#[test]
fn a_procedure_that_defines_is_told_by_a_shadow() {
    check_asked(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE PROCEDURE grow() LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t ADD b int; END $$;",
        "CALL grow()",
        &["ALTER TABLE t ADD b int"],
        r#"
asked m.sql:1: CALL grow()
shared once: ALTER TABLE t ADD COLUMN b int
plain tenant: ALTER TABLE t ADD b int
"#,
    );
}
