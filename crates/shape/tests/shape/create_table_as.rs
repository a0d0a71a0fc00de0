//! CREATE TABLE AS and SELECT INTO: made empty, filled tenant by tenant.

use crate::check;

#[test]
fn from_a_query() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE TABLE b AS SELECT *, n || '!' AS loud, count(*) OVER ()::int, a.at::timestamp AS then, (lower(a.n))::varchar(3), CASE WHEN id > 1 THEN n END FROM a; INSERT INTO b SELECT * FROM b"#,
        r#"
shared once: CREATE TABLE b AS SELECT a.id, a.n, a.at, n || '!' AS loud, count(*) OVER ()::int, a.at::timestamp AS "then", lower(a.n)::varchar(3), CASE WHEN id > 1 THEN n END FROM a  WITH NO DATA
shared once: ALTER TABLE b ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
shared tenant: INSERT INTO b SELECT a.id, a.n, a.at, n || '!' AS loud, count(*) OVER ()::int, a.at::timestamp AS "then", lower(a.n)::varchar(3), CASE WHEN id > 1 THEN n END FROM a
plain tenant: CREATE TABLE b AS SELECT *, n || '!' AS loud, count(*) OVER ()::int, a.at::timestamp AS then, (lower(a.n))::varchar(3), CASE WHEN id > 1 THEN n END FROM a
shared tenant: INSERT INTO b (id, n, at, loud, count, "then", lower, "case") SELECT b.id, b.n, b.at, b.loud, b.count, b."then", b.lower, b."case" FROM b
plain tenant: INSERT INTO b SELECT * FROM b
"#,
    );
}

#[test]
fn with_names_and_options() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE UNLOGGED TABLE b (x, y) WITH (fillfactor = 70) AS SELECT id, f FROM a, generate_series(1, 2) AS f WITH NO DATA"#,
        r#"
shared once: CREATE UNLOGGED TABLE b(x, y) WITH (fillfactor=70) AS SELECT id, f FROM a, generate_series(1, 2) f  WITH NO DATA
shared once: ALTER TABLE b ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
plain tenant: CREATE UNLOGGED TABLE b (x, y) WITH (fillfactor = 70) AS SELECT id, f FROM a, generate_series(1, 2) AS f WITH NO DATA
"#,
    );
}

#[test]
fn select_into() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"SELECT * INTO b FROM a WHERE id > 1"#,
        r#"
shared once: CREATE TABLE b AS SELECT a.id, a.n, a.at FROM a WHERE id > 1  WITH NO DATA
shared once: ALTER TABLE b ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
shared tenant: INSERT INTO b SELECT a.id, a.n, a.at FROM a WHERE id > 1
plain tenant: SELECT * INTO b FROM a WHERE id > 1
"#,
    );
}

#[test]
fn select_into_with_union() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"WITH x AS (SELECT 1 AS one) SELECT one, id INTO TEMP b FROM x, a UNION SELECT 1, 2"#,
        r#"
shared once: CREATE TEMPORARY TABLE b AS WITH x AS (SELECT 1 AS one) SELECT one, id FROM x, a UNION SELECT 1, 2  WITH NO DATA
shared once: ALTER TABLE b ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
shared tenant: INSERT INTO b WITH x AS (SELECT 1 AS one) SELECT one, id FROM x, a UNION SELECT 1, 2
plain tenant: WITH x AS (SELECT 1 AS one) SELECT one, id INTO TEMP b FROM x, a UNION SELECT 1, 2
shared once: DROP TABLE IF EXISTS pg_temp.b CASCADE
plain tenant: DROP TABLE IF EXISTS pg_temp.b CASCADE
"#,
    );
}

#[test]
fn temporary() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE TEMP TABLE b ON COMMIT DROP AS SELECT id FROM a; UPDATE a SET n = 'x' FROM b WHERE b.id = a.id"#,
        r#"
shared once: CREATE TEMPORARY TABLE b ON COMMIT DROP AS SELECT id FROM a  WITH NO DATA
shared once: ALTER TABLE b ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
shared tenant: INSERT INTO b SELECT id FROM a
plain tenant: CREATE TEMP TABLE b ON COMMIT DROP AS SELECT id FROM a
shared tenant: UPDATE a SET n = 'x' FROM b WHERE b.id = a.id
plain tenant: UPDATE a SET n = 'x' FROM b WHERE b.id = a.id
shared once: DROP TABLE IF EXISTS pg_temp.b CASCADE
plain tenant: DROP TABLE IF EXISTS pg_temp.b CASCADE
"#,
    );
}

#[test]
fn if_not_exists() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE TABLE IF NOT EXISTS a AS SELECT 1 AS one"#,
        r#"
plain tenant: CREATE TABLE IF NOT EXISTS a AS SELECT 1 AS one
note: there is nothing to do in shared tables
"#,
    );
}

#[test]
fn columns_that_are_not_known() {
    check(
        r#""#,
        r#"CREATE TABLE b AS SELECT * FROM generate_series(1, 2)"#,
        r#"
m.sql:1:1: the columns of the query can't be worked out; name them behind the name of what is made: CREATE ... name (a, b) AS SELECT ...
"#,
    );
}

#[test]
fn of_a_global_name() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE TABLE countries AS SELECT n FROM a"#,
        r#"
m.sql:1:1: the global table countries is made from a query; write CREATE TABLE with its columns, then INSERT
"#,
    );
}

#[test]
fn from_a_prepared_statement() {
    check(
        r#""#,
        r#"CREATE TABLE b AS EXECUTE x"#,
        r#"
m.sql:1:1: the table is made from a prepared statement; write the query itself
"#,
    );
}
