//! INSERT, UPDATE, DELETE, SELECT, TRUNCATE: once per tenant.

use crate::check;

#[test]
fn insert_without_columns() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"INSERT INTO users VALUES (gen_random_uuid(), 'a@b')"#,
        r#"
shared tenant: INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'a@b')
plain tenant: INSERT INTO users VALUES (gen_random_uuid(), 'a@b')
"#,
    );
}

#[test]
fn insert_a_star() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE old (id uuid, email text, name text);"#,
        r#"INSERT INTO old SELECT * FROM users"#,
        r#"
shared tenant: INSERT INTO old (id, email, name) SELECT users.id, users.email, users.name FROM users
plain tenant: INSERT INTO old SELECT * FROM users
"#,
    );
}

#[test]
fn conflict_targets() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"INSERT INTO users AS u (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (email) WHERE name IS NULL DO UPDATE SET name = 'y'; WITH x AS (INSERT INTO items (id) VALUES (1) ON CONFLICT (id) DO NOTHING RETURNING id) SELECT * FROM x; INSERT INTO users (id) VALUES (gen_random_uuid()) ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING"#,
        r#"
shared tenant: INSERT INTO users AS u (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (tenant_id, email) WHERE name IS NULL DO UPDATE SET name = 'y'
plain tenant: INSERT INTO users AS u (id, email) VALUES (gen_random_uuid(), 'x') ON CONFLICT (email) WHERE name IS NULL DO UPDATE SET name = 'y'
shared tenant: WITH x AS (INSERT INTO items (id) VALUES (1) ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id) SELECT * FROM x
plain tenant: WITH x AS (INSERT INTO items (id) VALUES (1) ON CONFLICT (id) DO NOTHING RETURNING id) SELECT * FROM x
shared tenant: INSERT INTO users (id) VALUES (gen_random_uuid()) ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING
plain tenant: INSERT INTO users (id) VALUES (gen_random_uuid()) ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING
"#,
    );
}

#[test]
fn update_delete_merge() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"UPDATE items SET qty = 1; DELETE FROM items; MERGE INTO items i USING users u ON i.owner = u.id WHEN MATCHED THEN DELETE"#,
        r#"
shared tenant: UPDATE items SET qty = 1
plain tenant: UPDATE items SET qty = 1
shared tenant: DELETE FROM items
plain tenant: DELETE FROM items
shared tenant: MERGE INTO items i USING users u ON i.owner = u.id WHEN MATCHED THEN DELETE
plain tenant: MERGE INTO items i USING users u ON i.owner = u.id WHEN MATCHED THEN DELETE
"#,
    );
}

#[test]
fn merge_without_columns_gets_them() {
    let setup = "CREATE TABLE users (id uuid PRIMARY KEY); CREATE TABLE items (id serial PRIMARY KEY, owner uuid, \"Qty\" int);";
    check(
        setup,
        r#"MERGE INTO ONLY public.items AS i USING users u ON i.owner = u.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED AND u.id IS NULL THEN INSERT DEFAULT VALUES
         WHEN NOT MATCHED AND u.id > u.id THEN INSERT VALUES (greatest(1, 2), u.id, (SELECT 1)) WHEN NOT MATCHED THEN INSERT OVERRIDING USER VALUE VALUES (1, u.id);
         CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN MERGE INTO items USING users u ON false WHEN NOT MATCHED THEN INSERT VALUES (DEFAULT); END $$"#,
        r#"
shared tenant: MERGE INTO ONLY shared.items AS i USING users u ON i.owner = u.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED AND u.id IS NULL THEN INSERT DEFAULT VALUES
         WHEN NOT MATCHED AND u.id > u.id THEN INSERT (id, owner, "Qty") VALUES (greatest(1, 2), u.id, (SELECT 1)) WHEN NOT MATCHED THEN INSERT (id, owner) OVERRIDING USER VALUE VALUES (1, u.id)
plain tenant: MERGE INTO ONLY shared.items AS i USING users u ON i.owner = u.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED AND u.id IS NULL THEN INSERT DEFAULT VALUES
         WHEN NOT MATCHED AND u.id > u.id THEN INSERT VALUES (greatest(1, 2), u.id, (SELECT 1)) WHEN NOT MATCHED THEN INSERT OVERRIDING USER VALUE VALUES (1, u.id)
shared once: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN MERGE INTO items USING users u ON false WHEN NOT MATCHED THEN INSERT (id) VALUES (DEFAULT); END $$
plain tenant: CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN MERGE INTO items USING users u ON false WHEN NOT MATCHED THEN INSERT VALUES (DEFAULT); END $$
"#,
    );
    for (values, why) in [
        ("u.*", "has no list of columns, and its values can't be counted"),
        ("1, u.id, 3, 4", "has more values than the table has columns"),
    ] {
        let sql = format!(
            "MERGE INTO items i USING users u ON i.owner = u.id WHEN NOT MATCHED THEN INSERT VALUES ({values})"
        );
        check(setup, &sql, &format!("m.sql:1:1: MERGE INTO items {why}; write the list of columns out"));
    }
}

#[test]
fn names_are_cut_as_the_server_cuts_them() {
    check(
        r#"CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (id int PRIMARY KEY);"#,
        r#"INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1) ON CONFLICT (id) DO NOTHING"#,
        r#"
shared tenant: INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (id) VALUES (1) ON CONFLICT (tenant_id, id) DO NOTHING
plain tenant: INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1) ON CONFLICT (id) DO NOTHING
"#,
    );
}

#[test]
fn sequence_functions() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"SELECT setval('public.items_id_seq', (SELECT max(id) FROM items)); INSERT INTO items (id) VALUES (pg_catalog.nextval('items_id_seq'::regclass))"#,
        r#"
shared tenant: SELECT tenantry.set_value('shared.items_id_seq', (SELECT max(id) FROM items))
plain tenant: SELECT setval('shared.items_id_seq', (SELECT max(id) FROM items))
shared tenant: INSERT INTO items (id) VALUES (tenantry.next_value('items_id_seq'::regclass))
plain tenant: INSERT INTO items (id) VALUES (pg_catalog.nextval('items_id_seq'::regclass))
"#,
    );
}

#[test]
fn lastval_is_refused() {
    check(
        r#""#,
        r#"SELECT lastval()"#,
        r#"
m.sql:1:1: lastval() does not know of the tenant's counters; name the sequence: currval('the_sequence'), or use RETURNING
"#,
    );
}

#[test]
fn global_tables_once() {
    check(
        r#"CREATE TABLE countries (code char(2) PRIMARY KEY, name text);"#,
        r#"INSERT INTO countries VALUES ('it', 'Italy') ON CONFLICT (code) DO NOTHING"#,
        r#"
shared once: INSERT INTO countries VALUES ('it', 'Italy') ON CONFLICT (code) DO NOTHING
plain once: INSERT INTO countries VALUES ('it', 'Italy') ON CONFLICT (code) DO NOTHING
"#,
    );
}

#[test]
fn global_from_tenants_is_refused() {
    check(
        r#"CREATE TABLE countries (code char(2) PRIMARY KEY, name text);CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"INSERT INTO countries SELECT 'xx', name FROM users"#,
        r#"
m.sql:1:1: a statement that changes a global table reads users, whose rows belong to tenants; write the values into the statement
"#,
    );
}

#[test]
fn truncate_deletes() {
    check(
        r#"CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (a int REFERENCES a);"#,
        r#"TRUNCATE a, b RESTART IDENTITY"#,
        r#"
shared tenant: DELETE FROM b
shared tenant: DELETE FROM a
shared tenant: SELECT tenantry.set_value('shared.a_id_seq'::regclass, 1, false)
plain tenant: TRUNCATE a, b RESTART IDENTITY
"#,
    );
}

#[test]
fn truncate_cascade() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"TRUNCATE users CASCADE"#,
        r#"
shared tenant: DELETE FROM users
plain tenant: TRUNCATE users CASCADE
"#,
    );
}

#[test]
fn truncate_cascade_follows_foreign_keys_and_fires_no_triggers() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); CREATE TABLE c (b int REFERENCES b); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$; CREATE TRIGGER t BEFORE DELETE ON b FOR EACH ROW EXECUTE FUNCTION f()"#,
        r#"TRUNCATE a CASCADE; ALTER TABLE b DISABLE TRIGGER t; TRUNCATE b, c"#,
        r#"
shared once: ALTER TABLE b DISABLE TRIGGER t
shared tenant: DELETE FROM c
shared tenant: DELETE FROM b
shared tenant: DELETE FROM a
shared once: ALTER TABLE b ENABLE TRIGGER t
plain tenant: TRUNCATE a CASCADE
note: TRUNCATE ... CASCADE empties b, c as well
shared once: ALTER TABLE b DISABLE TRIGGER t
plain tenant: ALTER TABLE b DISABLE TRIGGER t
shared tenant: DELETE FROM c
shared tenant: DELETE FROM b
plain tenant: TRUNCATE b, c
"#,
    );
}

#[test]
fn truncate_of_a_ring_is_one_statement() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"#,
        r#"TRUNCATE a CASCADE"#,
        r#"
shared tenant: WITH tenantry_deleted_0 AS (DELETE FROM a) DELETE FROM b
plain tenant: TRUNCATE a CASCADE
note: TRUNCATE ... CASCADE empties b as well
"#,
    );
}

#[test]
fn a_trigger_on_truncate_among_others() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"#,
        r#"CREATE TRIGGER t AFTER INSERT OR DELETE OR TRUNCATE ON a FOR EACH STATEMENT EXECUTE FUNCTION f(); ALTER TABLE a DISABLE TRIGGER t; TRUNCATE a; ALTER TABLE a ENABLE TRIGGER t"#,
        r#"
shared once: CREATE TRIGGER t AFTER INSERT OR DELETE OR TRUNCATE ON a FOR EACH STATEMENT EXECUTE FUNCTION f()
plain tenant: CREATE TRIGGER t AFTER INSERT OR DELETE OR TRUNCATE ON a FOR EACH STATEMENT EXECUTE FUNCTION f()
shared once: ALTER TABLE a DISABLE TRIGGER t
plain tenant: ALTER TABLE a DISABLE TRIGGER t
shared tenant: DELETE FROM a
plain tenant: TRUNCATE a
shared once: ALTER TABLE a ENABLE TRIGGER t
plain tenant: ALTER TABLE a ENABLE TRIGGER t
"#,
    );
}

#[test]
fn truncate_that_fires_a_trigger_is_refused() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER t AFTER DELETE OR TRUNCATE ON a FOR EACH STATEMENT EXECUTE FUNCTION f()"#,
        r#"TRUNCATE a"#,
        r#"
m.sql:1:1: TRUNCATE of a, which has t, would have to fire a trigger on TRUNCATE: shared tables are emptied by DELETE; make it a trigger on DELETE, or disable it around the statement
"#,
    );
}

#[test]
fn truncate_of_what_is_referred_to_is_refused() {
    check(
        r#"CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (a int REFERENCES a);"#,
        r#"TRUNCATE a"#,
        r#"
m.sql:1:1: TRUNCATE a: the foreign key of b refers to it, and the server refuses that; name b too, or use DELETE
"#,
    );
}

#[test]
fn an_unknown_table_is_refused() {
    check(
        r#""#,
        r#"INSERT INTO nowhere VALUES (1)"#,
        r#"
m.sql:1:1: table nowhere is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn the_systems_catalogs_are_not_written() {
    let place = "it writes to the system catalog pg_index, where the objects of all tenants stand; write DROP INDEX before the statements that are to run without the index, and CREATE INDEX behind them";
    for sql in [
        "UPDATE pg_index SET indisready = FALSE WHERE indrelid = (SELECT oid FROM pg_class WHERE relname = 't');",
        "DELETE FROM pg_catalog.pg_index;",
        "DO $$ BEGIN UPDATE pg_index SET indisready = false; END $$;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE ONLY pg_catalog.pg_index SET indisready = false; END $$;",
    ] {
        check("CREATE TABLE t (a int);", sql, &format!("m.sql:1:1: {place}"));
    }
    check(
        "",
        "UPDATE pg_attribute SET atttypmod = 104;",
        "m.sql:1:1: it writes to the system catalog pg_attribute, where the objects of all tenants stand; write the command that makes the change (CREATE, ALTER, DROP)",
    );
    check(
        "CREATE TABLE pg_stats (a int);",
        "DELETE FROM pg_stats;",
        "shared tenant: DELETE FROM pg_stats\nplain tenant: DELETE FROM pg_stats",
    );
}

/// Rows are numbered in the order in which they lie, as for one customer: not in that of an index.
#[test]
fn rows_are_counted_as_they_lie() {
    check(
        "CREATE TABLE a (id serial PRIMARY KEY, n text UNIQUE); CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY, n text);",
        "INSERT INTO b (n) SELECT n FROM a; INSERT INTO a (n) SELECT n FROM b ORDER BY n; INSERT INTO a (id, n) SELECT 1, n FROM b; INSERT INTO a (n) SELECT 'x'",
        r#"
shared once: SET LOCAL enable_indexscan = off
shared once: SET LOCAL enable_indexonlyscan = off
shared tenant: INSERT INTO b (n) SELECT n FROM a
shared once: SET LOCAL enable_indexscan TO DEFAULT
shared once: SET LOCAL enable_indexonlyscan TO DEFAULT
plain tenant: INSERT INTO b (n) SELECT n FROM a
shared tenant: INSERT INTO a (n) SELECT n FROM b ORDER BY n
plain tenant: INSERT INTO a (n) SELECT n FROM b ORDER BY n
shared tenant: INSERT INTO a (id, n) SELECT 1, n FROM b
plain tenant: INSERT INTO a (id, n) SELECT 1, n FROM b
shared tenant: INSERT INTO a (n) SELECT 'x'
plain tenant: INSERT INTO a (n) SELECT 'x'
"#,
    );
}
