//! ALTER TABLE.

use crate::check;

#[test]
fn columns() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"ALTER TABLE items ADD COLUMN note text DEFAULT '', ALTER COLUMN qty TYPE bigint USING qty::bigint, ALTER COLUMN qty SET DEFAULT 1, ALTER COLUMN qty SET NOT NULL, DROP COLUMN owner"#,
        r#"
shared once: ALTER TABLE items ADD COLUMN note text DEFAULT '', ALTER COLUMN qty TYPE bigint USING qty::bigint, ALTER COLUMN qty SET DEFAULT 1, ALTER COLUMN qty SET NOT NULL, DROP owner
plain tenant: ALTER TABLE items ADD COLUMN note text DEFAULT '', ALTER COLUMN qty TYPE bigint USING qty::bigint, ALTER COLUMN qty SET DEFAULT 1, ALTER COLUMN qty SET NOT NULL, DROP COLUMN owner
"#,
    );
}

#[test]
fn add_a_foreign_key_reads_all_rows() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"ALTER TABLE items ADD FOREIGN KEY (owner) REFERENCES users ON DELETE SET NULL"#,
        r#"
shared once: ALTER TABLE items NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE items ADD CONSTRAINT items_owner_fkey FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id) ON DELETE SET NULL (owner)
shared once: ALTER TABLE items FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
plain tenant: ALTER TABLE items ADD FOREIGN KEY (owner) REFERENCES users ON DELETE SET NULL
"#,
    );
}

#[test]
fn add_a_column_with_keys() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"ALTER TABLE items ADD COLUMN code text UNIQUE CHECK (code <> '')"#,
        r#"
shared once: ALTER TABLE items ADD COLUMN code text, ADD CONSTRAINT items_code_key UNIQUE (tenant_id, code), ADD CONSTRAINT items_code_check CHECK (code <> '')
plain tenant: ALTER TABLE items ADD COLUMN code text UNIQUE CHECK (code <> '')
"#,
    );
}

#[test]
fn add_a_serial_column_numbers_the_rows_per_tenant() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users ADD COLUMN number serial UNIQUE"#,
        r#"
shared once: CREATE SEQUENCE users_number_seq AS integer
shared once: ALTER TABLE users ADD COLUMN number int
shared tenant: UPDATE users SET number = tenantry.next_value('shared.users_number_seq'::regclass)
shared once: ALTER TABLE users ALTER COLUMN number SET NOT NULL, ALTER COLUMN number SET DEFAULT tenantry.next_value('shared.users_number_seq'::regclass), ADD CONSTRAINT users_number_key UNIQUE (tenant_id, number)
shared once: ALTER SEQUENCE users_number_seq OWNED BY users.number
plain tenant: ALTER TABLE users ADD COLUMN number serial UNIQUE
"#,
    );
}

#[test]
fn add_an_identity_column_numbers_the_rows_per_tenant() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users ADD COLUMN number int GENERATED ALWAYS AS IDENTITY"#,
        r#"
shared once: ALTER TABLE users ADD COLUMN number int
shared tenant: UPDATE users SET number = tenantry_numbered.value FROM (SELECT ctid AS place, 1 + 1 * (row_number() OVER (ORDER BY ctid) - 1) AS value FROM users) AS tenantry_numbered WHERE users.ctid = tenantry_numbered.place
shared once: ALTER TABLE users ALTER COLUMN number SET NOT NULL, ALTER number ADD GENERATED ALWAYS AS IDENTITY (MINVALUE -2147483648 MAXVALUE -2147483647 START -2147483648 CYCLE )
shared once: CREATE TRIGGER "!tenantry_identity_number" BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.number <= -2147483647) EXECUTE FUNCTION tenantry.identity_value('number', '1', '1', '1', '2147483647', 'false')
shared tenant: SELECT tenantry.set_value(pg_get_serial_sequence('shared.users', 'number')::regclass, max(number)) FROM users HAVING count(*) > 0
plain tenant: ALTER TABLE users ADD COLUMN number int GENERATED ALWAYS AS IDENTITY
"#,
    );
}

#[test]
fn triggers_rest_while_rows_are_numbered() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();"#,
        r#"ALTER TABLE users ADD COLUMN number serial"#,
        r#"
shared once: CREATE SEQUENCE users_number_seq AS integer
shared once: ALTER TABLE users ADD COLUMN number int
shared once: ALTER TABLE users DISABLE TRIGGER USER
shared tenant: UPDATE users SET number = tenantry.next_value('shared.users_number_seq'::regclass)
shared once: ALTER TABLE users ENABLE TRIGGER USER
shared once: ALTER TABLE users ALTER COLUMN number SET NOT NULL, ALTER COLUMN number SET DEFAULT tenantry.next_value('shared.users_number_seq'::regclass)
shared once: ALTER SEQUENCE users_number_seq OWNED BY users.number
plain tenant: ALTER TABLE users ADD COLUMN number serial
"#,
    );
}

#[test]
fn numbering_comes_before_the_check_of_foreign_keys() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"ALTER TABLE items ADD COLUMN n serial, ADD FOREIGN KEY (owner) REFERENCES users"#,
        r#"
shared once: CREATE SEQUENCE items_n_seq AS integer
shared once: ALTER TABLE items ADD COLUMN n int
shared tenant: UPDATE items SET n = tenantry.next_value('shared.items_n_seq'::regclass)
shared once: ALTER TABLE items NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE items ALTER COLUMN n SET NOT NULL, ALTER COLUMN n SET DEFAULT tenantry.next_value('shared.items_n_seq'::regclass), ADD CONSTRAINT items_owner_fkey FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id)
shared once: ALTER TABLE items FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER SEQUENCE items_n_seq OWNED BY items.n
plain tenant: ALTER TABLE items ADD COLUMN n serial, ADD FOREIGN KEY (owner) REFERENCES users
"#,
    );
}

#[test]
fn an_automatic_name_is_known_later() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users DROP CONSTRAINT users_email_key"#,
        r#"
shared once: ALTER TABLE users DROP CONSTRAINT users_email_key
plain tenant: ALTER TABLE users DROP CONSTRAINT users_email_key
"#,
    );
}

#[test]
fn an_unknown_constraint_is_refused() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users DROP CONSTRAINT nope"#,
        r#"
m.sql:1:1: constraint nope of table users is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn replace_the_primary_key() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (email)"#,
        r#"
shared once: ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (tenant_id, email)
plain tenant: ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (email)
"#,
    );
}

#[test]
fn without_any_key_left_there_is_an_index() {
    check(
        r#"CREATE TABLE t (id int PRIMARY KEY);"#,
        r#"ALTER TABLE t DROP CONSTRAINT t_pkey"#,
        r#"
shared once: ALTER TABLE t DROP CONSTRAINT t_pkey
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
plain tenant: ALTER TABLE t DROP CONSTRAINT t_pkey
"#,
    );
}

#[test]
fn a_key_from_an_index() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);CREATE UNIQUE INDEX q ON items (qty);"#,
        r#"ALTER TABLE items ADD CONSTRAINT qk UNIQUE USING INDEX q"#,
        r#"
shared once: ALTER TABLE items ADD CONSTRAINT qk UNIQUE USING INDEX q
plain tenant: ALTER TABLE items ADD CONSTRAINT qk UNIQUE USING INDEX q
"#,
    );
}

#[test]
fn validate_reads_all_rows() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (owner) REFERENCES users NOT VALID;"#,
        r#"ALTER TABLE items VALIDATE CONSTRAINT fk"#,
        r#"
shared once: ALTER TABLE items NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE items VALIDATE CONSTRAINT fk
shared once: ALTER TABLE items FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
plain tenant: ALTER TABLE items VALIDATE CONSTRAINT fk
"#,
    );
}

#[test]
fn renames() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"ALTER TABLE items RENAME COLUMN qty TO amount; ALTER TABLE items RENAME TO "Goods"; ALTER TABLE "Goods" RENAME CONSTRAINT items_pkey TO goods_pk"#,
        r#"
shared once: ALTER TABLE items RENAME COLUMN qty TO amount
plain tenant: ALTER TABLE items RENAME COLUMN qty TO amount
shared once: ALTER TABLE items RENAME TO "Goods"
plain tenant: ALTER TABLE items RENAME TO "Goods"
shared once: ALTER TABLE "Goods" RENAME CONSTRAINT items_pkey TO goods_pk
plain tenant: ALTER TABLE "Goods" RENAME CONSTRAINT items_pkey TO goods_pk
"#,
    );
}

#[test]
fn identity_follows_its_column() {
    check(
        r#"CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);"#,
        r#"ALTER TABLE t RENAME id TO number; ALTER TABLE t ALTER number TYPE bigint; ALTER TABLE t ALTER number RESTART WITH 7; ALTER TABLE t ALTER number DROP IDENTITY"#,
        r#"
shared once: ALTER TABLE t RENAME id TO number
shared once: DROP TRIGGER "!tenantry_identity_id" ON t
shared once: CREATE TRIGGER "!tenantry_identity_number" BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.number <= -2147483647) EXECUTE FUNCTION tenantry.identity_value('number', '1', '1', '1', '2147483647', 'false')
plain tenant: ALTER TABLE t RENAME id TO number
shared once: DROP TRIGGER "!tenantry_identity_number" ON t
shared once: ALTER TABLE t ALTER COLUMN number DROP IDENTITY
shared once: ALTER TABLE t ALTER COLUMN number TYPE bigint, ALTER number ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME t_id_seq MINVALUE -9223372036854775808 MAXVALUE -9223372036854775807 START -9223372036854775808 CYCLE )
shared once: CREATE TRIGGER "!tenantry_identity_number" BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.number <= -9223372036854775807) EXECUTE FUNCTION tenantry.identity_value('number', '1', '1', '1', '9223372036854775807', 'false')
plain tenant: ALTER TABLE t ALTER number TYPE bigint
shared tenant: SELECT tenantry.set_value(pg_get_serial_sequence('shared.t', 'number')::regclass, 7, false)
plain tenant: ALTER TABLE t ALTER number RESTART WITH 7
shared once: DROP TRIGGER "!tenantry_identity_number" ON t
shared once: ALTER TABLE t ALTER COLUMN number DROP IDENTITY
plain tenant: ALTER TABLE t ALTER number DROP IDENTITY
"#,
    );
}

#[test]
fn triggers_all_means_user() {
    check(
        r#"CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"#,
        r#"ALTER TABLE t DISABLE TRIGGER ALL; ALTER TABLE t ENABLE TRIGGER ALL"#,
        r#"
shared once: ALTER TABLE t DISABLE TRIGGER USER
shared once: ALTER TABLE t ENABLE TRIGGER "!tenantry_identity_id"
plain tenant: ALTER TABLE t DISABLE TRIGGER USER
shared once: ALTER TABLE t ENABLE TRIGGER USER
plain tenant: ALTER TABLE t ENABLE TRIGGER USER
"#,
    );
}

#[test]
fn owner_is_left_out() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users OWNER TO postgres"#,
        r#"
note: OWNER TO is left out: objects belong to Tenantry's owner role
"#,
    );
}

#[test]
fn the_name_of_the_tenant_column_is_taken() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users ADD COLUMN tenant_id uuid"#,
        r#"
m.sql:1:1: tenant_id is the name of the tenant column, which table users has already; leave the column out, or give Tenantry's column another name (isolation.tenant_column)
"#,
    );
}

#[test]
fn set_schema_is_refused() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"ALTER TABLE users SET SCHEMA other"#,
        r#"
m.sql:1:1: SET SCHEMA moves an object to other, which no migration has made; leave it out, or CREATE SCHEMA before it
"#,
    );
}
