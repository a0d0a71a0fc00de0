//! What reaches other sessions of a database: advisory locks and notifications.

use crate::check;

#[test]
fn advisory_locks_are_the_tenants_own() {
    check(
        "CREATE TABLE t (a int);",
        "DO $$ BEGIN PERFORM pg_advisory_xact_lock(1, 2); DELETE FROM t; END $$;",
        r#"
shared tenant: DO $$ BEGIN PERFORM tenantry.advisory_xact_lock(1, 2); DELETE FROM t; END $$
plain tenant: DO $$ BEGIN PERFORM tenantry.advisory_xact_lock(1, 2); DELETE FROM t; END $$
"#,
    );
    check(
        "CREATE TABLE t (a int);",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT pg_catalog.pg_try_advisory_xact_lock_shared(a), my.pg_advisory_lock(1) FROM t';
         CREATE FUNCTION g(k int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT pg_advisory_xact_lock(%s)', k); END $$;
         UPDATE t SET a = 2 WHERE pg_try_advisory_xact_lock(a); SELECT pg_advisory_unlock_all(), pg_advisory_lock(hashtext('x')); SELECT pg_advisory_xact_lock(1), g(2);",
        r#"
shared once: CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT tenantry.try_advisory_xact_lock_shared(a), my.pg_advisory_lock(1) FROM t'
plain tenant: CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT tenantry.try_advisory_xact_lock_shared(a), my.pg_advisory_lock(1) FROM t'
shared once: CREATE FUNCTION g(k int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT tenantry.advisory_xact_lock(%s)', k); END $$
plain tenant: CREATE FUNCTION g(k int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT tenantry.advisory_xact_lock(%s)', k); END $$
shared tenant: UPDATE t SET a = 2 WHERE tenantry.try_advisory_xact_lock(a)
plain tenant: UPDATE t SET a = 2 WHERE tenantry.try_advisory_xact_lock(a)
note: the advisory lock is left out: Tenantry runs one migration at a time
shared tenant: SELECT tenantry.advisory_xact_lock(1), g(2)
plain tenant: SELECT tenantry.advisory_xact_lock(1), g(2)
shared once: SELECT tenantry.advisory_unlock_all()
plain tenant: SELECT tenantry.advisory_unlock_all()
"#,
    );
}

/// A lock that outlasts its transaction would stay with the session that migrates.
#[test]
fn locks_of_sessions_end_with_the_file() {
    let setup = "CREATE TABLE t (a int PRIMARY KEY);
        CREATE FUNCTION f() RETURNS boolean LANGUAGE sql AS 'SELECT pg_try_advisory_lock(1)';";
    check(
        setup,
        "INSERT INTO t VALUES (1);",
        r#"
shared tenant: INSERT INTO t (a) VALUES (1)
plain tenant: INSERT INTO t VALUES (1)
shared once: SELECT tenantry.advisory_unlock_all()
plain tenant: SELECT tenantry.advisory_unlock_all()
"#,
    );
    check(
        setup,
        "ALTER TABLE t ADD COLUMN b int;",
        r#"
shared once: ALTER TABLE t ADD COLUMN b int
plain tenant: ALTER TABLE t ADD COLUMN b int
"#,
    );
}

#[test]
fn the_command_notify_in_a_body() {
    check(
        "CREATE TABLE t (a int);",
        r#"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE notify boolean; BEGIN notify := true; IF notify THEN NOTIFY "My chan", 'it''s'; END IF; NOTIFY other; EXECUTE 'NOTIFY t, ''x'''; RETURN NEW; END $$;
         CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $$ NOTIFY t $$;"#,
        r#"
shared once: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE notify boolean; BEGIN notify := true; IF notify THEN PERFORM tenantry.notify('My chan', 'it''s'); END IF; PERFORM tenantry.notify('other', ''); EXECUTE 'SELECT tenantry.notify(''t'', ''x'')'; RETURN NEW; END $$
plain tenant: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE notify boolean; BEGIN notify := true; IF notify THEN PERFORM tenantry.notify('My chan', 'it''s'); END IF; PERFORM tenantry.notify('other', ''); EXECUTE 'SELECT tenantry.notify(''t'', ''x'')'; RETURN NEW; END $$
shared once: CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $$ SELECT tenantry.notify('t', '') $$
plain tenant: CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $$ SELECT tenantry.notify('t', '') $$
"#,
    );
}

#[test]
fn what_a_body_may_not_do_with_channels() {
    let put_together = "the body puts a NOTIFY together, which reaches every tenant's sessions; call pg_notify(channel, payload)";
    for (body, why) in [
        ("EXECUTE format('NOTIFY %I', 'x');", put_together),
        ("EXECUTE 'notify ' || quote_ident('x');", put_together),
        (
            "LISTEN x;",
            "the body runs LISTEN, and a tenant's channels have names of their own; listen in the application, through the gateway",
        ),
    ] {
        let sql = format!("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body} END $$");
        check("", &sql, &format!("m.sql:1:1: {why}"));
    }
    check(
        "CREATE TABLE t (a int);",
        "CREATE RULE r AS ON INSERT TO t DO ALSO NOTIFY t;",
        "m.sql:1:1: a rule on t runs NOTIFY, which reaches every tenant's sessions; make it a trigger whose function calls pg_notify",
    );
}
