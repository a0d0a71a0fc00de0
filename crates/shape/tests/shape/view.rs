//! Views.

use crate::check;

#[test]
fn with_the_rights_of_the_reader() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE VIEW v AS SELECT id, name FROM users"#,
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT id, name FROM users
plain tenant: CREATE VIEW v AS SELECT id, name FROM users
"#,
    );
}

#[test]
fn stars_leave_the_tenant_column_out() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE OR REPLACE VIEW v AS SELECT u.*, i.* FROM users u JOIN items i ON i.owner = u.id; CREATE VIEW w AS SELECT * FROM users JOIN items USING (id)"#,
        r#"
shared once: CREATE OR REPLACE VIEW v WITH (security_invoker=true) AS SELECT u.id, u.email, u.name, i.id, i.owner, i.qty FROM users u JOIN items i ON i.owner = u.id
plain tenant: CREATE OR REPLACE VIEW v AS SELECT u.*, i.* FROM users u JOIN items i ON i.owner = u.id
shared once: CREATE VIEW w WITH (security_invoker=true) AS SELECT id, users.email, users.name, items.owner, items.qty FROM users JOIN items USING (id)
plain tenant: CREATE VIEW w AS SELECT * FROM users JOIN items USING (id)
"#,
    );
}

#[test]
fn group_by_a_key() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE VIEW v AS SELECT u.id, u.name, count(*) AS n FROM users u JOIN items i ON i.owner = u.id GROUP BY u.id"#,
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT u.id, u.name, count(*) AS n FROM users u JOIN items i ON i.owner = u.id GROUP BY u.tenant_id, u.id
plain tenant: CREATE VIEW v AS SELECT u.id, u.name, count(*) AS n FROM users u JOIN items i ON i.owner = u.id GROUP BY u.id
"#,
    );
}

#[test]
fn group_by_number_and_alias() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE VIEW v AS SELECT id AS uid, name FROM users GROUP BY uid; CREATE VIEW w AS SELECT id, name FROM users GROUP BY 1"#,
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT id AS uid, name FROM users GROUP BY users.tenant_id, uid
plain tenant: CREATE VIEW v AS SELECT id AS uid, name FROM users GROUP BY uid
shared once: CREATE VIEW w WITH (security_invoker=true) AS SELECT id, name FROM users GROUP BY users.tenant_id, 1
plain tenant: CREATE VIEW w AS SELECT id, name FROM users GROUP BY 1
"#,
    );
}

#[test]
fn a_star_over_what_is_unknown_is_refused() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE VIEW v AS SELECT * FROM users, pg_stat_activity"#,
        r#"
m.sql:1:1: SELECT * over tables whose columns can't all be worked out; write the columns out
"#,
    );
}

#[test]
fn options_but_for_the_invokers_rights() {
    check(
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;",
        "ALTER VIEW v SET (security_barrier = true); ALTER VIEW v SET (security_barrier, security_invoker = false); ALTER VIEW v RESET (security_invoker)",
        r#"
shared once: ALTER VIEW v SET (security_barrier = true)
plain tenant: ALTER VIEW v SET (security_barrier = true)
shared once: ALTER VIEW v SET (security_barrier)
plain tenant: ALTER VIEW v SET (security_barrier, security_invoker = false)
note: security_invoker is left out: in shared tables every view has it
plain tenant: ALTER VIEW v RESET (security_invoker)
note: security_invoker is left out: in shared tables every view has it
"#,
    );
}

/// `TABLE t` is `SELECT * FROM t`.
#[test]
fn tables_as_queries_leave_the_tenant_column_out() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE u (a int PRIMARY KEY, b int);",
        "CREATE VIEW v AS TABLE t; CREATE VIEW w AS (TABLE ONLY public.t) UNION ALL TABLE u; INSERT INTO t TABLE u",
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT t.a, t.b FROM t
plain tenant: CREATE VIEW v AS TABLE t
shared once: CREATE VIEW w WITH (security_invoker=true) AS SELECT t.a, t.b FROM ONLY shared.t UNION ALL SELECT u.a, u.b FROM u
plain tenant: CREATE VIEW w AS (TABLE ONLY shared.t) UNION ALL TABLE u
shared tenant: INSERT INTO t (a, b) SELECT u.a, u.b FROM u
plain tenant: INSERT INTO t TABLE u
"#,
    );
}
