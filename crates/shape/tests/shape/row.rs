//! Rows of tables in bodies: in shared tables they have the tenant column too.

use crate::check;

const USERS: &str =
    "CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE countries (code text, name text);";

fn body(declare: &str, returns: &str, body: &str) -> String {
    format!(
        "CREATE FUNCTION f() RETURNS {returns} LANGUAGE plpgsql AS $$ DECLARE {declare} BEGIN {body} END $$"
    )
}

#[test]
fn variables_filled_by_position() {
    let tenant =
        "r.tenant_id := CASE WHEN num_nonnulls(r.id, r.name) > 0 THEN tenantry.current_tenant() END;";
    for (text, expect) in [
        ("SELECT id, name INTO r FROM users;", "SELECT id, name INTO r.id, r.name FROM users; T"),
        (
            "SELECT DISTINCT ON (id) id, name FROM users INTO STRICT r;",
            "SELECT DISTINCT ON (id) id, name FROM users INTO STRICT r.id, r.name; T",
        ),
        (
            "IF found THEN INSERT INTO users (id) VALUES (1) RETURNING id, name INTO r; END IF;",
            "IF found THEN INSERT INTO users (id) VALUES (1) RETURNING id, name INTO r.id, r.name; T END IF;",
        ),
        (
            "EXECUTE 'SELECT id, name FROM users' INTO r USING 1;",
            "EXECUTE 'SELECT id, name FROM users' INTO r.id, r.name USING 1; T",
        ),
    ] {
        let shared = body("r users%ROWTYPE;", "void", &expect.replace("; T", &format!("; {tenant}")));
        let written = body("r users%ROWTYPE;", "void", text);
        check(USERS, &written, &format!("shared once: {shared}\nplain tenant: {written}"));
    }
}

#[test]
fn other_ways_to_fill_by_position_are_refused() {
    for text in [
        "SELECT 1, u.* INTO r FROM users u;",
        "SELECT id, name INTO r FROM users UNION SELECT * FROM users;",
        "EXECUTE format('SELECT %s FROM users', 'id, name') INTO r;",
        "EXECUTE 'SELECT id, ' || 'name FROM users' INTO r;",
        "FOR r IN SELECT id, name FROM users LOOP NULL; END LOOP;",
        "FOR r IN WITH x AS (SELECT * FROM users) SELECT id, name FROM x LOOP NULL; END LOOP;",
        "r := (1, 'x');",
        "r = ROW(1, 'x');",
    ] {
        for declare in ["r users%ROWTYPE;", "n text; r public.users;"] {
            check(
                USERS,
                &body(declare, "void", text),
                "m.sql:1:1: r is filled by position, and a row of users has the tenant column too; fill it with SELECT *, or name its fields: INTO r.a, r.b",
            );
        }
    }
}

#[test]
fn variables_filled_as_a_whole_are_carried() {
    for (declare, text) in [
        ("r users%ROWTYPE;", "SELECT * INTO r FROM users;"),
        ("r users;", "SELECT u.* INTO STRICT r FROM users u JOIN countries c ON c.name = u.name;"),
        ("r users;", "SELECT (x).* INTO r FROM (SELECT u AS x FROM users u) y;"),
        ("r users;", "SELECT id, name INTO r.id, r.name FROM users;"),
        ("r users;", "UPDATE users SET id = 2 RETURNING * INTO r;"),
        ("r users;", "EXECUTE 'SELECT * FROM users' INTO r;"),
        ("r users;", "FOR r IN SELECT * FROM users LOOP NULL; END LOOP;"),
        ("r users;", "r.id := (1); r := NULL; r := (SELECT u FROM users u);"),
        ("r record;", "SELECT id, name INTO r FROM users;"),
        ("r countries;", "SELECT code, name INTO r FROM countries;"),
        ("id users.id%TYPE;", "SELECT max(u.id) INTO id FROM users u;"),
    ] {
        let sql = body(declare, "void", text);
        check(USERS, &sql, &format!("shared once: {sql}\nplain tenant: {sql}"));
    }
}

#[test]
fn rows_are_taken_apart() {
    let setup = "CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE kept (id int, name text);";
    let written = body(
        "r users%ROWTYPE; a int; b text;",
        "void",
        "INSERT INTO kept VALUES (r.*); INSERT INTO kept (id, name) SELECT (r).*; INSERT INTO kept (name) VALUES (to_jsonb(r.*)); SELECT * INTO a, b FROM users;",
    );
    let shared = body(
        "r users%ROWTYPE; a int; b text;",
        "void",
        "INSERT INTO kept (id, name) VALUES (r.id, r.name); INSERT INTO kept (id, name) SELECT r.id, r.name; INSERT INTO kept (name) VALUES (to_jsonb(r.*)); SELECT users.id, users.name INTO a, b FROM users;",
    );
    check(setup, &written, &format!("shared once: {shared}\nplain tenant: {written}"));
    for values in ["SELECT (NEW).*", "VALUES ((old).*)"] {
        let sql = body("", "trigger", &format!("INSERT INTO kept {values}; RETURN NEW;"));
        let row = if values.contains("NEW") { "NEW" } else { "old" };
        check(
            setup,
            &sql,
            &format!(
                "m.sql:1:1: INSERT INTO kept takes {row}.*, which has the tenant column too; write its columns out: {row}.a, {row}.b"
            ),
        );
    }
    check(
        setup,
        &body("r record;", "void", "INSERT INTO kept SELECT (r).*;"),
        "m.sql:1:1: INSERT INTO kept has no list of columns, and its values can't be counted; write the list of columns out",
    );
}

#[test]
fn rows_returned_by_position() {
    for (text, query) in [
        ("RETURN QUERY SELECT id, name FROM users;", "SELECT id, name FROM users"),
        (
            "RETURN QUERY EXECUTE 'SELECT id, name FROM users' USING 1;",
            "EXECUTE 'SELECT id, name FROM users' USING 1",
        ),
        (
            "RETURN QUERY WITH x AS (SELECT id FROM users) SELECT id, 'x'::text FROM x;",
            "WITH x AS (SELECT id FROM users) SELECT id, 'x'::text FROM x",
        ),
        (
            "RETURN QUERY UPDATE users SET id = 1 RETURNING id, name;",
            "UPDATE users SET id = 1 RETURNING id, name",
        ),
    ] {
        let shared = format!(
            "DECLARE tenantry_row users; BEGIN FOR tenantry_row.id, tenantry_row.name IN {query} LOOP tenantry_row.tenant_id := tenantry.current_tenant(); RETURN NEXT tenantry_row; END LOOP; END;"
        );
        let (shared, written) = (body("", "SETOF users", &shared), body("", "SETOF users", text));
        check(USERS, &written, &format!("shared once: {shared}\nplain tenant: {written}"));
    }
}

#[test]
fn rows_returned_by_position_are_refused() {
    let why = "m.sql:1:1: the function returns rows of users by position, which have the tenant column too; select the whole row (SELECT t.*), or write RETURNS TABLE (...) with the columns";
    for text in [
        "RETURN QUERY SELECT id, name FROM users; GET DIAGNOSTICS n = ROW_COUNT;",
        "RETURN QUERY SELECT id, u.name, u.* FROM users u;",
        "RETURN NEXT (1, 'x');",
        "RETURN ROW(1, 'x');",
    ] {
        check(USERS, &body("", "SETOF users", text), why);
    }
    for text in [
        "SELECT id, name FROM users",
        "DELETE FROM users; INSERT INTO users VALUES (1, 'x') RETURNING id, name;",
    ] {
        let sql = format!("CREATE FUNCTION f() RETURNS SETOF users LANGUAGE sql AS $$ {text} $$");
        check(USERS, &sql, why);
    }
    for sql in [
        body(
            "",
            "SETOF users",
            "RETURN QUERY SELECT u.* FROM users u; RETURN QUERY DELETE FROM users RETURNING *;",
        ),
        body("r users;", "SETOF users", "FOR r IN SELECT * FROM users LOOP RETURN NEXT r; END LOOP; RETURN;"),
        "CREATE FUNCTION f() RETURNS users LANGUAGE sql AS $$ SELECT u FROM users u WHERE id IN (1, 2) $$"
            .to_owned(),
        "CREATE FUNCTION f() RETURNS SETOF countries LANGUAGE sql AS $$ SELECT code, name FROM countries $$"
            .to_owned(),
    ] {
        check(USERS, &sql, &format!("shared once: {sql}\nplain tenant: {sql}"));
    }
    check(
        USERS,
        "UPDATE users u SET name = 'x' WHERE u = ROW(1, 'x')::users",
        r#"m.sql:1:1: values are made a row of users by position, which has the tenant column too; write jsonb_populate_record(NULL::users, ...) with names"#,
    );
}
