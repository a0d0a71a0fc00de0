//! Functions, procedures and triggers.

use crate::check;

#[test]
fn bodies_lose_public_and_gain_the_tenant_column() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.users (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (email) DO NOTHING; RETURN NEW; END $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO shared.users (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (tenant_id, email) DO NOTHING; RETURN NEW; END $$
plain tenant: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO shared.users (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (email) DO NOTHING; RETURN NEW; END $$
"#,
    );
}

#[test]
fn sql_bodies() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE FUNCTION f() RETURNS TABLE (id uuid, email text, name text) LANGUAGE sql AS 'SELECT * FROM public.users WHERE name <> ''x'''; CREATE FUNCTION g() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users'"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS TABLE (id uuid, email text, name text) LANGUAGE sql AS 'SELECT users.id, users.email, users.name FROM shared.users WHERE name <> ''x'''
plain tenant: CREATE FUNCTION f() RETURNS TABLE (id uuid, email text, name text) LANGUAGE sql AS 'SELECT * FROM shared.users WHERE name <> ''x'''
shared once: CREATE FUNCTION g() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users'
plain tenant: CREATE FUNCTION g() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users'
"#,
    );
}

#[test]
fn group_by_in_a_body() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n text; BEGIN SELECT name INTO n FROM users u GROUP BY u.id LIMIT 1; RETURN 1; END $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n text; BEGIN SELECT name INTO n FROM users u GROUP BY u.tenant_id, u.id LIMIT 1; RETURN 1; END $$
plain tenant: CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n text; BEGIN SELECT name INTO n FROM users u GROUP BY u.id LIMIT 1; RETURN 1; END $$
"#,
    );
}

#[test]
fn security_definer_gets_a_path() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM users $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM users $$
plain tenant: CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM users $$
"#,
    );
}

#[test]
fn a_path_of_its_own_stays() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT count(*) FROM users $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM users $$
plain tenant: CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM users $$
"#,
    );
}

#[test]
fn sequences_in_bodies() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('public.items_id_seq'); END $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN tenantry.next_value('shared.items_id_seq'); END $$
plain tenant: CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('shared.items_id_seq'); END $$
"#,
    );
}

#[test]
fn truncate_in_a_body() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN TRUNCATE TABLE items; END $$"#,
        r#"
shared once: CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; END $$
plain tenant: CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN TRUNCATE TABLE items; END $$
"#,
    );
}

#[test]
fn definitions_in_a_body_are_for_migrations() {
    check(
        r#""#,
        r#"CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$"#,
        r#"
shared once: CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$
plain tenant: CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$
note: the function makes definitions: it can be called in migrations; tenants' roles may not define anything
"#,
    );
}

#[test]
fn definitions_with_the_owners_rights() {
    check(
        r#""#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN CREATE TABLE x (a int); END $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN CREATE TABLE x (a int); END $$
plain tenant: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN CREATE TABLE x (a int); END $$
note: the function makes definitions as its owner: in shared tables what it makes comes under row-level security, and it can't drop anything
"#,
    );
}

#[test]
fn rows_whose_trigger_makes_definitions_are_refused() {
    check(
        r#"CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE t_' || NEW.a || ' () INHERITS (t)'; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"#,
        r#"INSERT INTO t (a) VALUES (1)"#,
        r#"
m.sql:1:1: it fires the trigger function f, which makes definitions for all tenants; disable the trigger around the statement, and make the definitions as statements of the migration
"#,
    );
}

#[test]
fn locks_in_a_body_are_refused() {
    check(
        r#"CREATE TABLE t (a int);"#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE t; END $$"#,
        r#"
m.sql:1:1: the body runs LOCK, which in shared tables would stop every tenant; lock rows with SELECT ... FOR UPDATE, or take an advisory lock
"#,
    );
}

#[test]
fn dynamic_queries_are_carried() {
    check(
        r#""#,
        r#"CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT count(*) FROM public.%I', t); END $$"#,
        r#"
shared once: CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT count(*) FROM shared.%I', t); END $$
plain tenant: CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT count(*) FROM shared.%I', t); END $$
"#,
    );
}

#[test]
fn other_languages_are_refused() {
    check(
        r#""#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS $$ pass $$"#,
        r#"
m.sql:1:1: a function in the language plpython3u is not carried; write it in SQL or PL/pgSQL, or do its work in the application
"#,
    );
}

#[test]
fn triggers() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"#,
        r#"CREATE TRIGGER t BEFORE UPDATE ON public.items FOR EACH ROW EXECUTE FUNCTION public.f(); DROP TRIGGER t ON items"#,
        r#"
shared once: CREATE TRIGGER t BEFORE UPDATE ON shared.items FOR EACH ROW EXECUTE FUNCTION shared.f()
plain tenant: CREATE TRIGGER t BEFORE UPDATE ON shared.items FOR EACH ROW EXECUTE FUNCTION shared.f()
shared once: DROP TRIGGER t ON items
plain tenant: DROP TRIGGER t ON items
"#,
    );
}

const TRUNCATED: &str = "CREATE TABLE items (id int PRIMARY KEY);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;";

#[test]
fn a_truncate_trigger_stays_and_what_would_fire_it_is_refused() {
    let trigger = "CREATE TRIGGER t AFTER DELETE OR TRUNCATE ON items EXECUTE FUNCTION f()";
    check(
        TRUNCATED,
        trigger,
        r#"
shared once: CREATE TRIGGER t AFTER DELETE OR TRUNCATE ON items EXECUTE FUNCTION f()
plain tenant: CREATE TRIGGER t AFTER DELETE OR TRUNCATE ON items EXECUTE FUNCTION f()
"#,
    );
    let with_trigger = format!("{TRUNCATED}{trigger};");
    check(
        &with_trigger,
        "TRUNCATE items",
        r#"
m.sql:1:1: TRUNCATE of items, which has t, would have to fire a trigger on TRUNCATE: shared tables are emptied by DELETE; make it a trigger on DELETE, or disable it around the statement
"#,
    );
    check(
        &with_trigger,
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE items; END $$",
        r#"
m.sql:1:1: TRUNCATE of items, which has t, would have to fire a trigger on TRUNCATE: shared tables are emptied by DELETE; make it a trigger on DELETE, or disable it around the statement
"#,
    );
    let with_function = format!(
        "{TRUNCATED} CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE items; END $$;"
    );
    check(
        &with_function,
        trigger,
        r#"
m.sql:1:1: the TRUNCATE of the function g, which may empty items, would have to fire a trigger on TRUNCATE: shared tables are emptied by DELETE; make it a trigger on DELETE, or disable it around the statement
"#,
    );
}

#[test]
fn rows_of_a_trigger_among_values_are_refused() {
    let setup = "CREATE TABLE items (id serial PRIMARY KEY, qty int); CREATE TABLE log (op text, id int, qty int, row jsonb);";
    for (insert, row) in [
        ("INSERT INTO log SELECT 'D', OLD.*", "OLD"),
        ("INSERT INTO public.log (op, id, qty) VALUES ('D', NEW.*)", "NEW"),
    ] {
        check(
            setup,
            &format!(
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {insert}; RETURN NULL; END $$"
            ),
            &format!(
                "m.sql:1:1: INSERT INTO log takes {row}.*, which has the tenant column too; write its columns out: {row}.a, {row}.b"
            ),
        );
    }
    let fine = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log (op, row) VALUES ('U', to_jsonb(NEW.*)); RETURN NULL; END $$";
    check(setup, fine, &format!("shared once: {fine}\nplain tenant: {fine}"));
}

#[test]
fn constraint_triggers_fire_for_their_tenant() {
    let setup = "CREATE TABLE t (a int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();
        CREATE CONSTRAINT TRIGGER d AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
        CREATE CONSTRAINT TRIGGER e AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();";
    let rows = "INSERT INTO t (a) VALUES (1)";
    check(
        setup,
        &format!("{rows}; {rows}; CREATE INDEX i ON t USING hash (a); {rows}; COMMENT ON TABLE t IS 'x';"),
        r#"
shared tenant: INSERT INTO t (a) VALUES (1)
plain tenant: INSERT INTO t (a) VALUES (1)
shared tenant: INSERT INTO t (a) VALUES (1)
shared tenant: SET CONSTRAINTS c IMMEDIATE
shared tenant: SET CONSTRAINTS c DEFERRED
plain tenant: INSERT INTO t (a) VALUES (1)
shared once: CREATE INDEX i ON t USING hash (a)
plain tenant: CREATE INDEX i ON t USING hash (a)
shared tenant: INSERT INTO t (a) VALUES (1)
shared tenant: SET CONSTRAINTS c IMMEDIATE
shared tenant: SET CONSTRAINTS c DEFERRED
plain tenant: INSERT INTO t (a) VALUES (1)
shared once: COMMENT ON TABLE t IS 'x'
plain tenant: COMMENT ON TABLE t IS 'x'
"#,
    );
    for (set, fired) in [
        ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS c, d IMMEDIATE\nSET CONSTRAINTS c, d DEFERRED"),
        ("SET CONSTRAINTS ALL IMMEDIATE", ""),
        ("SET CONSTRAINTS d DEFERRED", "SET CONSTRAINTS c, d IMMEDIATE\nSET CONSTRAINTS c, d DEFERRED"),
        ("SET CONSTRAINTS c IMMEDIATE", ""),
    ] {
        let fired: String = fired.lines().map(|l| format!("shared tenant: {l}\n")).collect();
        let expect = format!(
            "shared once: {set}\nplain tenant: {set}\nshared tenant: {rows}\n{fired}plain tenant: {rows}"
        );
        check(setup, &format!("{set}; {rows}"), &expect);
    }
    let block = "DO $$ BEGIN SET CONSTRAINTS ALL DEFERRED; INSERT INTO t (a) VALUES (1); END $$";
    check(
        setup,
        block,
        &format!(
            "shared tenant: {block}\nshared tenant: SET CONSTRAINTS c, d IMMEDIATE\nshared tenant: SET CONSTRAINTS c DEFERRED\nplain tenant: {block}"
        ),
    );
}

/// A function that makes definitions is run by migrations alone, and there on a shadow.
#[test]
fn locks_of_a_body_that_defines() {
    check(
        r#"CREATE TABLE t (a int);"#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE t IN ACCESS EXCLUSIVE MODE; EXECUTE format('LOCK TABLE %I', 't'); ALTER TABLE t SET (fillfactor = 70); END $$"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'LOCK in shared tables is left to migrations'; RAISE insufficient_privilege USING MESSAGE = 'LOCK in shared tables is left to migrations'; ALTER TABLE t SET (fillfactor = 70); END $$
plain tenant: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE t IN ACCESS EXCLUSIVE MODE; EXECUTE format('LOCK TABLE %I', 't'); ALTER TABLE t SET (fillfactor = 70); END $$
note: the function makes definitions: it can be called in migrations; tenants' roles may not define anything
note: its LOCK fails in shared tables, where it would stop every tenant
"#,
    );
    for sql in [
        // Text that is executed may be anything.
        "CREATE FUNCTION f(x text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE t; EXECUTE x; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'LOCK TABLE t'; DELETE FROM t; END $$",
        // Tenants can call it with the rights of its owner.
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN LOCK TABLE t; CREATE INDEX ON t (a); END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ LOCK TABLE t; CREATE TABLE u (); $$",
    ] {
        check(
            r#"CREATE TABLE t (a int);"#,
            sql,
            r#"
m.sql:1:1: the body runs LOCK, which in shared tables would stop every tenant; lock rows with SELECT ... FOR UPDATE, or take an advisory lock
"#,
        );
    }
}

#[test]
fn a_procedure_that_commits_is_not_called() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; COMMIT; END $$;",
        "CALL work()",
        "m.sql:1:1: it calls work, which ends the transaction that the migration runs in; call it from the application, or write what it does as statements of the migration",
    );
}

#[test]
fn bodies_follow_the_columns_of_what_they_name() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text); CREATE VIEW v AS SELECT id, n FROM a; CREATE TABLE fast AS SELECT * FROM v;
           CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fast SELECT * FROM v WHERE id = NEW.id; RETURN NULL; END $$;
           CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM fast; RETURN NULL; END $$;"#,
        r#"DROP TABLE fast; DROP VIEW v; CREATE VIEW v AS SELECT id, id > 0 AS good, n FROM a; CREATE TABLE fast AS SELECT * FROM v; ALTER TABLE fast ADD COLUMN more int; DROP FUNCTION f; ALTER TABLE fast DROP COLUMN more;"#,
        r#"
shared once: DROP TABLE fast
plain tenant: DROP TABLE fast
shared once: DROP VIEW v
plain tenant: DROP VIEW v
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT id, id > 0 AS good, n FROM a
shared once: CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fast SELECT v.id, v.good, v.n FROM v WHERE id = NEW.id; RETURN NULL; END $$
plain tenant: CREATE VIEW v AS SELECT id, id > 0 AS good, n FROM a
shared once: CREATE TABLE fast AS SELECT v.id, v.good, v.n FROM v  WITH NO DATA
shared once: ALTER TABLE fast ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE fast ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE fast FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON fast USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX fast_tenantry_idx ON fast (tenant_id)
shared tenant: INSERT INTO fast SELECT v.id, v.good, v.n FROM v
shared once: CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fast (id, good, n) SELECT v.id, v.good, v.n FROM v WHERE id = NEW.id; RETURN NULL; END $$
plain tenant: CREATE TABLE fast AS SELECT * FROM v
shared once: ALTER TABLE fast ADD COLUMN more int
shared once: CREATE INDEX IF NOT EXISTS fast_tenantry_idx ON fast (tenant_id)
plain tenant: ALTER TABLE fast ADD COLUMN more int
shared once: DROP FUNCTION f
plain tenant: DROP FUNCTION f
shared once: ALTER TABLE fast DROP more
shared once: CREATE INDEX IF NOT EXISTS fast_tenantry_idx ON fast (tenant_id)
plain tenant: ALTER TABLE fast DROP COLUMN more
"#,
    );
}

#[test]
fn the_search_path_of_a_function_stays() {
    for change in
        ["RESET ALL", "RESET search_path", "SET search_path = DEFAULT", "SET search_path FROM CURRENT"]
    {
        check(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
            &format!("ALTER FUNCTION f() {change}"),
            "\nm.sql:1:1: ALTER FUNCTION takes the search_path of a function away, which one with its owner's rights must have; write CREATE OR REPLACE FUNCTION, or SET search_path = public\n",
        );
    }
}
