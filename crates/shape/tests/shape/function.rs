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
fn definitions_in_a_body_are_refused() {
    check(
        r#""#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE x (a int); END $$"#,
        r#"
m.sql:1:1: the function runs CREATE, which in shared tables would concern every tenant; do it in a migration; for rows that live for one call use an array, a WITH query or a table with a key per call
"#,
    );
}

#[test]
fn dynamic_definitions_are_refused() {
    check(
        r#""#,
        r#"CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$"#,
        r#"
m.sql:1:1: EXECUTE builds a statement that is not carried: drop table %i; write the statement out in the function, or do it in a migration
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
fn a_do_block_is_refused() {
    check(
        r#""#,
        r#"DO $$ BEGIN PERFORM 1; END $$"#,
        r#"
m.sql:1:1: a DO block runs statements that depend on the catalog and can't be read here; write its statements out; CREATE ... IF NOT EXISTS and ALTER ... IF EXISTS need no block
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

#[test]
fn a_truncate_trigger_is_refused() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"#,
        r#"CREATE TRIGGER t AFTER TRUNCATE ON items EXECUTE FUNCTION f()"#,
        r#"
m.sql:1:1: a trigger on TRUNCATE would not fire: shared tables are emptied by DELETE; make it a trigger on DELETE
"#,
    );
}
