//! Types, sequences, extensions, comments.

use crate::check;

#[test]
fn enums() {
    check(
        r#""#,
        r#"CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'glad'; ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"#,
        r#"
shared once: CREATE TYPE mood AS ENUM ('sad')
plain tenant: CREATE TYPE mood AS ENUM ('sad')
shared once: ALTER TYPE mood ADD VALUE 'glad'
plain tenant: ALTER TYPE mood ADD VALUE 'glad'
shared once: ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
plain tenant: ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
"#,
    );
}

#[test]
fn a_value_used_at_once_is_added_alone() {
    check(
        r#"CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood);"#,
        r#"ALTER TYPE mood ADD VALUE 'glad'; INSERT INTO t (m) VALUES ('glad')"#,
        r#"
shared once alone: ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'
plain tenant alone: ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'
shared tenant: INSERT INTO t (m) VALUES ('glad')
plain tenant: INSERT INTO t (m) VALUES ('glad')
"#,
    );
}

/// Before version 17, in the transaction that made the type, too.
#[test]
fn a_value_of_a_new_type_is_added_alone() {
    check(
        "",
        "CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'glad'; SELECT 'glad'::mood",
        r#"
shared once: CREATE TYPE mood AS ENUM ('sad')
plain tenant: CREATE TYPE mood AS ENUM ('sad')
shared once alone: ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'
plain tenant alone: ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'
shared tenant: SELECT 'glad'::mood
plain tenant: SELECT 'glad'::mood
"#,
    );
}

#[test]
fn a_value_not_used_stays_in_the_transaction() {
    check(
        r#"CREATE TYPE mood AS ENUM ('sad');"#,
        r#"ALTER TYPE mood ADD VALUE 'glad'"#,
        r#"
shared once: ALTER TYPE mood ADD VALUE 'glad'
plain tenant: ALTER TYPE mood ADD VALUE 'glad'
"#,
    );
}

#[test]
fn domains_and_composites() {
    check(
        r#""#,
        r#"CREATE DOMAIN price AS numeric CHECK (VALUE >= 0); ALTER DOMAIN price ADD CHECK (VALUE < 10); CREATE TYPE pair AS (a int, b int)"#,
        r#"
shared once: CREATE DOMAIN price AS numeric CHECK (VALUE >= 0)
plain tenant: CREATE DOMAIN price AS numeric CHECK (VALUE >= 0)
shared once: ALTER DOMAIN price ADD CHECK (VALUE < 10)
plain tenant: ALTER DOMAIN price ADD CHECK (VALUE < 10)
shared once: CREATE TYPE pair AS (a int, b int)
plain tenant: CREATE TYPE pair AS (a int, b int)
"#,
    );
}

#[test]
fn sequences() {
    check(
        r#""#,
        r#"CREATE SEQUENCE s START 5; CREATE TABLE t (id int DEFAULT nextval('s')); ALTER SEQUENCE s OWNED BY t.id; ALTER SEQUENCE s INCREMENT BY 2 RESTART WITH 9; DROP SEQUENCE s"#,
        r#"
shared once: CREATE SEQUENCE s START 5
plain tenant: CREATE SEQUENCE s START 5
shared once: CREATE TABLE t (id int DEFAULT tenantry.next_value('s'), tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (id int DEFAULT nextval('s'))
shared once: ALTER SEQUENCE s OWNED BY t.id
plain tenant: ALTER SEQUENCE s OWNED BY t.id
shared once: ALTER SEQUENCE s INCREMENT 2
shared tenant: SELECT tenantry.set_value('shared.s'::regclass, 9, false)
plain tenant: ALTER SEQUENCE s INCREMENT BY 2 RESTART WITH 9
shared once: DROP SEQUENCE s
plain tenant: DROP SEQUENCE s
"#,
    );
}

#[test]
fn extensions() {
    check(
        r#""#,
        r#"CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION plpgsql; CREATE TABLE t (a public.citext)"#,
        r#"
shared once: CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA extensions
plain once: CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA extensions
note: CREATE EXTENSION plpgsql is left out: every database has it
shared once: CREATE TABLE t (a extensions.citext, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (a extensions.citext)
"#,
    );
}

#[test]
fn a_dangerous_extension_is_refused() {
    check(
        r#""#,
        r#"CREATE EXTENSION dblink"#,
        r#"
m.sql:1:1: the extension dblink reaches outside the tenant's database; do that work in the application
"#,
    );
}

#[test]
fn comments() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"COMMENT ON TABLE public.users IS 'it''s'; COMMENT ON COLUMN users.name IS 'n'; COMMENT ON EXTENSION plpgsql IS 'x'"#,
        r#"
shared once: COMMENT ON TABLE shared.users IS 'it''s'
plain tenant: COMMENT ON TABLE shared.users IS 'it''s'
shared once: COMMENT ON COLUMN users.name IS 'n'
plain tenant: COMMENT ON COLUMN users.name IS 'n'
note: the comment is left out: the object belongs to Tenantry
"#,
    );
}

#[test]
fn drops() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);CREATE VIEW v AS SELECT 1 AS a;"#,
        r#"DROP VIEW v; DROP TABLE IF EXISTS public.items, nothing CASCADE"#,
        r#"
shared once: DROP VIEW v
plain tenant: DROP VIEW v
shared once: DROP TABLE IF EXISTS shared.items, nothing CASCADE
plain tenant: DROP TABLE IF EXISTS shared.items, nothing CASCADE
"#,
    );
}

#[test]
fn a_table_referred_to_is_not_dropped() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE t (u uuid REFERENCES users);"#,
        r#"DROP TABLE users"#,
        r#"
m.sql:1:1: the foreign key of t refers to table users; drop that first, or write CASCADE
"#,
    );
}

#[test]
fn values_are_known() {
    check(
        "CREATE TYPE mood AS ENUM ('sad', 'ok');",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok';\nALTER TYPE mood ADD VALUE 'sad';",
        r#"
m.sql:2:1: the enum mood has the value sad already; write ADD VALUE IF NOT EXISTS, or leave it out
"#,
    );
    check(
        "CREATE TYPE mood AS ENUM ('sad', 'ok');",
        "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'",
        "m.sql:1:1: value bad of enum mood is not made by the migrations so far; create it in an earlier statement, or correct the name",
    );
}

#[test]
fn objects_with_a_name_and_options() {
    check(
        "CREATE FUNCTION join_two(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT a || b';",
        "CREATE AGGREGATE public.joined(text) (SFUNC = public.join_two, STYPE = text);
         CREATE COLLATION public.german (provider = icu, locale = 'de');
         CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
         ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR word WITH simple;
         DROP COLLATION german; DROP TEXT SEARCH CONFIGURATION IF EXISTS words; DROP AGGREGATE joined(text)",
        r#"
shared once: CREATE AGGREGATE shared.joined(text) (SFUNC = shared.join_two, STYPE = text)
plain tenant: CREATE AGGREGATE shared.joined(text) (SFUNC = shared.join_two, STYPE = text)
shared once: CREATE COLLATION shared.german (provider = icu, locale = 'de')
plain tenant: CREATE COLLATION shared.german (provider = icu, locale = 'de')
shared once: CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)
plain tenant: CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)
shared once: ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR word WITH simple
plain tenant: ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR word WITH simple
shared once: DROP COLLATION german
plain tenant: DROP COLLATION german
shared once: DROP TEXT SEARCH CONFIGURATION IF EXISTS words
plain tenant: DROP TEXT SEARCH CONFIGURATION IF EXISTS words
shared once: DROP AGGREGATE joined(text)
plain tenant: DROP AGGREGATE joined(text)
"#,
    );
}

#[test]
fn what_takes_a_superuser_is_refused() {
    check(
        "",
        "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE CAST (varchar AS integer) WITH INOUT AS IMPLICIT;
CREATE TYPE box3;
CREATE TEXT SEARCH PARSER p (START = a, GETTOKEN = b, END = c, LEXTYPES = d);
ALTER SYSTEM SET work_mem = '1GB';
ALTER EXTENSION citext UPDATE;",
        r#"
m.sql:1:1: an operator can't be made for each new tenant without a superuser's rights; call its function by name
m.sql:2:1: a cast can't be made for each new tenant without a superuser's rights; call its function by name
m.sql:3:1: a type without a definition can't be made for each new tenant without a superuser's rights; use a domain or a composite type
m.sql:4:1: an object of kind tsparser can't be made for each new tenant without a superuser's rights; ask whoever runs the server for an extension
m.sql:5:1: ALTER SYSTEM changes the whole server; leave it out: the server's settings are the operator's
m.sql:6:1: the version of the extension citext is the same for every tenant; leave it out: the operator updates extensions
"#,
    );
}
