//! Habits of dump files, and what no tenant may have.

use crate::check;

#[test]
fn settings_of_dumps_are_left_out() {
    check(
        r#""#,
        r#"SET statement_timeout = 0; SET search_path = public; SELECT pg_catalog.set_config('search_path', '', false); BEGIN; COMMIT"#,
        r#"
note: the setting statement_timeout is left out: Tenantry sets it
note: the setting search_path is left out: Tenantry sets it
note: set_config('search_path', ...) is left out: Tenantry sets the path
note: BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's
note: BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's
"#,
    );
}

#[test]
fn grants_are_left_out() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"GRANT SELECT ON users TO somebody; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO somebody; CREATE SCHEMA IF NOT EXISTS public"#,
        r#"
note: privileges are left out: Tenantry grants them by [roles]
note: privileges are left out: Tenantry grants them by [roles]
note: CREATE SCHEMA public is left out: Tenantry makes the schemas
"#,
    );
}

#[test]
fn what_only_shows_something_is_left_out() {
    check(
        "",
        "EXPLAIN SELECT 1; SHOW work_mem",
        r#"
note: EXPLAIN and SHOW are left out: nobody reads what they show
note: EXPLAIN and SHOW are left out: nobody reads what they show
"#,
    );
}

#[test]
fn maintenance_runs_once_and_alone() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"VACUUM users; ANALYZE users"#,
        r#"
shared once alone: VACUUM users
plain tenant alone: VACUUM users
shared once: ANALYZE users
plain tenant: ANALYZE users
"#,
    );
}

#[test]
fn public_in_catalog_queries() {
    check(
        r#""#,
        r#"SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"#,
        r#"
shared tenant: SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shared'
plain tenant: SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shared'
"#,
    );
}

#[test]
fn public_as_a_word_of_the_app_stays() {
    check(
        r#"CREATE TABLE posts (visibility text);"#,
        r#"INSERT INTO posts (visibility) VALUES ('public')"#,
        r#"
shared tenant: INSERT INTO posts (visibility) VALUES ('public')
plain tenant: INSERT INTO posts (visibility) VALUES ('public')
"#,
    );
}

#[test]
fn every_refusal_of_a_file_is_named() {
    check(
        r#""#,
        r#"ALTER SYSTEM RESET ALL;
CREATE TABLE t (id int REFERENCES gone);
  LISTEN t;"#,
        r#"
m.sql:1:1: ALTER SYSTEM changes the whole server; leave it out: the server's settings are the operator's
m.sql:2:1: table gone is not made by the migrations so far; create it in an earlier statement, or correct the name
m.sql:3:3: channels are seen by the whole database; notify from the application, through the gateway
"#,
    );
}

/// The tool's own table is there for a trigger on it, as for every other statement that names it.
#[test]
fn a_trigger_on_the_table_of_a_migration_tool() {
    let found = crate::support::after(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;",
        "CREATE TRIGGER forbid BEFORE INSERT OR TRUNCATE ON __diesel_schema_migrations EXECUTE FUNCTION f()",
    );
    assert!(found.contains("CREATE TABLE __diesel_schema_migrations"), "{found}");
    assert!(found.contains("CREATE TRIGGER forbid"), "{found}");
}

#[test]
fn prepared_statements_are_run_as_they_are() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int[]);",
        "PREPARE more (int, text) AS INSERT INTO public.t VALUES ($1, $2, $3) ON CONFLICT (a) DO NOTHING; EXECUTE more (1 + 1, concat('x', ','), ARRAY[1, 2]); DEALLOCATE more; EXECUTE more (1)",
        "m.sql:1:168: no statement more is prepared in this file; PREPARE it in the same file, or write the statement out",
    );
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int[]);",
        "PREPARE more (int, text) AS INSERT INTO public.t VALUES ($1, $2, $3) ON CONFLICT (a) DO NOTHING; EXECUTE more (1 + 1, concat('x', ','), ARRAY[1, 2])",
        r#"
note: PREPARE is left out: EXECUTE runs the statement itself
shared tenant: INSERT INTO shared.t (a, b, c) VALUES (((1 + 1)::int), ((concat('x', ','))::text), (ARRAY[1, 2])) ON CONFLICT (tenant_id, a) DO NOTHING
plain tenant: INSERT INTO shared.t VALUES (((1 + 1)::int), ((concat('x', ','))::text), (ARRAY[1, 2])) ON CONFLICT (a) DO NOTHING
"#,
    );
}

#[test]
fn what_all_sessions_of_a_database_share() {
    check(
        "",
        "SELECT pg_advisory_xact_lock(42);\nNOTIFY pgrst, 'reload schema';\nSELECT pg_notify('changed', 'x');",
        r#"
note: the advisory lock is left out: Tenantry runs one migration at a time
note: the notification is left out: channels are shared by the whole database
note: the notification is left out: channels are shared by the whole database
"#,
    );
}

#[test]
fn channels_of_functions_are_the_tenants_own() {
    check(
        "CREATE TABLE t (a int);",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_notify('t', NEW.a::text); PERFORM my.pg_notify(1); RETURN NEW; END $$;",
        r#"
shared once: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM tenantry.notify('t', NEW.a::text); PERFORM my.pg_notify(1); RETURN NEW; END $$
plain tenant: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM tenantry.notify('t', NEW.a::text); PERFORM my.pg_notify(1); RETURN NEW; END $$
"#,
    );
}
