//! INHERITS: the tenant column is the parent's, behind the child's columns; keys and row-level security are the child's own.

use crate::check;

#[test]
fn a_child() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, x text CHECK (x <> ''))"#,
        r#"CREATE TABLE b (y int UNIQUE) INHERITS (a); INSERT INTO b VALUES (1, 'x', 2)"#,
        r#"
shared once: CREATE TABLE "!tenantry_parent_1" (LIKE a INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE "!tenantry_parent_1" DROP COLUMN tenant_id
shared once: CREATE TABLE b (y int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT b_y_key UNIQUE (tenant_id, y)) INHERITS ("!tenantry_parent_1")
shared once: ALTER TABLE b INHERIT a, NO INHERIT "!tenantry_parent_1"
shared once: DROP TABLE "!tenantry_parent_1"
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE b (y int UNIQUE) INHERITS (a)
shared tenant: INSERT INTO b (id, x, y) VALUES (1, 'x', 2)
plain tenant: INSERT INTO b VALUES (1, 'x', 2)
"#,
    );
}

#[test]
fn of_two_parents() {
    check(
        r#"CREATE TABLE a (id int, x text); CREATE TABLE b (id int, y text)"#,
        r#"CREATE TABLE c (id int NOT NULL, z text) INHERITS (a, b); INSERT INTO c SELECT * FROM c"#,
        r#"
shared once: CREATE TABLE "!tenantry_parent_1" (LIKE a INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE "!tenantry_parent_1" DROP COLUMN tenant_id
shared once: CREATE TABLE "!tenantry_parent_2" (LIKE b INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE "!tenantry_parent_2" DROP COLUMN tenant_id
shared once: CREATE TABLE c (id int NOT NULL, z text, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant()) INHERITS ("!tenantry_parent_1", "!tenantry_parent_2")
shared once: ALTER TABLE c INHERIT a, NO INHERIT "!tenantry_parent_1"
shared once: DROP TABLE "!tenantry_parent_1"
shared once: ALTER TABLE c INHERIT b, NO INHERIT "!tenantry_parent_2"
shared once: DROP TABLE "!tenantry_parent_2"
shared once: ALTER TABLE c ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE c FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON c USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX c_tenantry_idx ON c (tenant_id)
plain tenant: CREATE TABLE c (id int NOT NULL, z text) INHERITS (a, b)
shared tenant: INSERT INTO c (id, x, y, z) SELECT c.id, c.x, c.y, c.z FROM c
plain tenant: INSERT INTO c SELECT * FROM c
"#,
    );
}

#[test]
fn without_columns_of_its_own() {
    check(
        r#"CREATE TABLE a (id int, x text)"#,
        r#"CREATE TABLE b (x text NOT NULL) INHERITS (a)"#,
        r#"
shared once: CREATE TABLE b (x text NOT NULL) INHERITS (a)
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
plain tenant: CREATE TABLE b (x text NOT NULL) INHERITS (a)
"#,
    );
}

#[test]
fn columns_reach_children() {
    check(
        r#"CREATE TABLE a (id int); CREATE TABLE b (y int) INHERITS (a)"#,
        r#"ALTER TABLE a ADD COLUMN n text, ADD CHECK (n <> ''); CREATE INDEX ON b (n); ALTER TABLE a RENAME n TO m; ALTER TABLE b ADD UNIQUE (m); ALTER TABLE a DROP COLUMN m"#,
        r#"
shared once: ALTER TABLE a ADD COLUMN n text, ADD CONSTRAINT a_n_check CHECK (n <> '')
shared once: CREATE INDEX IF NOT EXISTS a_tenantry_idx ON a (tenant_id)
shared once: CREATE INDEX IF NOT EXISTS b_tenantry_idx ON b (tenant_id)
plain tenant: ALTER TABLE a ADD COLUMN n text, ADD CHECK (n <> '')
shared once: CREATE INDEX b_n_idx ON b USING btree (tenant_id, n)
plain tenant: CREATE INDEX ON b (n)
shared once: ALTER TABLE a RENAME n TO m
plain tenant: ALTER TABLE a RENAME n TO m
shared once: ALTER TABLE b ADD CONSTRAINT b_m_key UNIQUE (tenant_id, m)
plain tenant: ALTER TABLE b ADD UNIQUE (m)
shared once: ALTER TABLE a DROP m
shared once: CREATE INDEX IF NOT EXISTS a_tenantry_idx ON a (tenant_id)
shared once: CREATE INDEX IF NOT EXISTS b_tenantry_idx ON b (tenant_id)
plain tenant: ALTER TABLE a DROP COLUMN m
"#,
    );
}

#[test]
fn inherit_and_no_inherit() {
    check(
        r#"CREATE TABLE a (id int); CREATE TABLE b (id int)"#,
        r#"ALTER TABLE b INHERIT a; ALTER TABLE b NO INHERIT a"#,
        r#"
shared once: ALTER TABLE b INHERIT a
shared once: CREATE INDEX IF NOT EXISTS b_tenantry_idx ON b (tenant_id)
plain tenant: ALTER TABLE b INHERIT a
shared once: ALTER TABLE b NO INHERIT a
shared once: CREATE INDEX IF NOT EXISTS b_tenantry_idx ON b (tenant_id)
plain tenant: ALTER TABLE b NO INHERIT a
"#,
    );
}

#[test]
fn a_parent_is_dropped_with_its_children() {
    check(
        r#"CREATE TABLE a (id int); CREATE TABLE b (y int) INHERITS (a)"#,
        r#"DROP TABLE a CASCADE; CREATE TABLE b (z int)"#,
        r#"
shared once: DROP TABLE a CASCADE
plain tenant: DROP TABLE a CASCADE
shared once: CREATE TABLE b (z int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
plain tenant: CREATE TABLE b (z int)
"#,
    );
}

#[test]
fn from_a_global_table() {
    check(
        r#"CREATE TABLE countries (code text)"#,
        r#"CREATE TABLE b (y int) INHERITS (countries)"#,
        r#"
m.sql:1:1: a table of the tenants' inherits from the global table countries; write its columns out
"#,
    );
}
