//! Foreign keys: composite, with the tenant column first on both sides.

use crate::check;

#[test]
fn the_primary_key_is_found() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE t (id int PRIMARY KEY, owner uuid REFERENCES users)"#,
        r#"
shared once: CREATE TABLE t (id int, owner uuid, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id), CONSTRAINT t_owner_fkey FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id int PRIMARY KEY, owner uuid REFERENCES users)
"#,
    );
}

#[test]
fn to_a_unique_key() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE t (mail text REFERENCES users (email) ON UPDATE CASCADE)"#,
        r#"
shared once: CREATE TABLE t (mail text, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_mail_fkey FOREIGN KEY (tenant_id, mail) REFERENCES users (tenant_id, email) ON UPDATE CASCADE)
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (mail text REFERENCES users (email) ON UPDATE CASCADE)
"#,
    );
}

#[test]
fn to_itself() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t ON DELETE CASCADE)"#,
        r#"
shared once: CREATE TABLE t (id int, parent int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id), CONSTRAINT t_parent_fkey FOREIGN KEY (tenant_id, parent) REFERENCES t (tenant_id, id) ON DELETE CASCADE)
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t ON DELETE CASCADE)
"#,
    );
}

#[test]
fn set_null_names_its_column_in_quotes() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE t ("ownerId" uuid REFERENCES users ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)"#,
        r#"
shared once: CREATE TABLE t ("ownerId" uuid, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT "t_ownerId_fkey" FOREIGN KEY (tenant_id, "ownerId") REFERENCES users (tenant_id, id) ON DELETE SET NULL ("ownerId") DEFERRABLE INITIALLY DEFERRED)
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t ("ownerId" uuid REFERENCES users ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)
"#,
    );
}

#[test]
fn set_default_names_its_columns() {
    check(
        r#"CREATE TABLE p (a int, b int, UNIQUE (a, b));"#,
        r#"CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE SET DEFAULT)"#,
        r#"
shared once: CREATE TABLE t (a int, b int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_a_b_fkey FOREIGN KEY (tenant_id, a, b) REFERENCES p (tenant_id, a, b) ON DELETE SET DEFAULT (a, b))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE SET DEFAULT)
"#,
    );
}

#[test]
fn match_full_becomes_a_trigger() {
    check(
        r#"CREATE TABLE p (a int, b int, UNIQUE (a, b));"#,
        r#"CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL)"#,
        r#"
shared once: CREATE TABLE t (a int, b int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_a_b_fkey FOREIGN KEY (tenant_id, a, b) REFERENCES p (tenant_id, a, b))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
shared once: CREATE TRIGGER "!tenantry_full_t_a_b_fkey" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.b) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('t_a_b_fkey')
plain tenant: CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL)
"#,
    );
    check(
        r#"CREATE TABLE p (a int, b int, UNIQUE (a, b)); CREATE TABLE t (a int, b int);"#,
        r#"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; ALTER TABLE t RENAME CONSTRAINT k TO l; ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t ALTER COLUMN c TYPE bigint; ALTER TABLE t DROP CONSTRAINT l; ALTER TABLE t ADD FOREIGN KEY (a, c) REFERENCES p (a, b) MATCH FULL; ALTER TABLE t DROP COLUMN c"#,
        r#"
shared once: ALTER TABLE p NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (tenant_id, a, b) REFERENCES p (tenant_id, a, b) NOT VALID
shared once: ALTER TABLE p FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
shared once: CREATE TRIGGER "!tenantry_full_k" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.b) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('k')
plain tenant: ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL NOT VALID
shared once: ALTER TABLE p NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t VALIDATE CONSTRAINT k
shared once: ALTER TABLE p FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: SELECT tenantry.check_match_full('shared.t'::regclass, 'k', 'a', 'b')
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
plain tenant: ALTER TABLE t VALIDATE CONSTRAINT k
shared once: ALTER TABLE t RENAME CONSTRAINT k TO l
shared once: DROP TRIGGER IF EXISTS "!tenantry_full_k" ON t
shared once: CREATE TRIGGER "!tenantry_full_l" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.b) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('l')
plain tenant: ALTER TABLE t RENAME CONSTRAINT k TO l
shared once: ALTER TABLE t RENAME COLUMN b TO c
shared once: DROP TRIGGER IF EXISTS "!tenantry_full_l" ON t
shared once: CREATE TRIGGER "!tenantry_full_l" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.c) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('l')
plain tenant: ALTER TABLE t RENAME COLUMN b TO c
shared once: DROP TRIGGER "!tenantry_full_l" ON t
shared once: ALTER TABLE t ALTER COLUMN c TYPE bigint
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
shared once: CREATE TRIGGER "!tenantry_full_l" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.c) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('l')
plain tenant: ALTER TABLE t ALTER COLUMN c TYPE bigint
shared once: ALTER TABLE t DROP CONSTRAINT l
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
shared once: DROP TRIGGER IF EXISTS "!tenantry_full_l" ON t
plain tenant: ALTER TABLE t DROP CONSTRAINT l
shared once: ALTER TABLE p NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t ADD CONSTRAINT t_a_c_fkey FOREIGN KEY (tenant_id, a, c) REFERENCES p (tenant_id, a, b)
shared once: ALTER TABLE p FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: SELECT tenantry.check_match_full('shared.t'::regclass, 't_a_c_fkey', 'a', 'c')
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
shared once: CREATE TRIGGER "!tenantry_full_t_a_c_fkey" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (num_nulls(new.a, new.c) NOT IN (0, 2)) EXECUTE FUNCTION tenantry.match_full('t_a_c_fkey')
plain tenant: ALTER TABLE t ADD FOREIGN KEY (a, c) REFERENCES p (a, b) MATCH FULL
shared once: DROP TRIGGER "!tenantry_full_t_a_c_fkey" ON t
shared once: ALTER TABLE t DROP c
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
plain tenant: ALTER TABLE t DROP COLUMN c
"#,
    );
}

#[test]
fn to_a_global_table_it_stays_single() {
    check(
        r#"CREATE TABLE countries (code char(2) PRIMARY KEY);"#,
        r#"CREATE TABLE t (country char(2) REFERENCES countries ON DELETE SET NULL)"#,
        r#"
shared once: CREATE TABLE t (country char(2), tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_country_fkey FOREIGN KEY (country) REFERENCES countries ON DELETE SET NULL)
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (country char(2) REFERENCES countries ON DELETE SET NULL)
"#,
    );
}

#[test]
fn on_update_set_null_becomes_a_trigger() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE t (owner uuid REFERENCES users ON UPDATE SET NULL); ALTER TABLE t RENAME CONSTRAINT t_owner_fkey TO belongs; ALTER TABLE t DROP CONSTRAINT belongs; ALTER TABLE t ADD CONSTRAINT belongs FOREIGN KEY (owner) REFERENCES users ON UPDATE CASCADE"#,
        r#"
shared once: CREATE TABLE t (owner uuid, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_owner_fkey FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id))
shared once: CREATE TRIGGER "!tenantry_update_t_owner_fkey" AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tenantry.set_on_update('t_owner_fkey', 'NULL', 'tenant_id')
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (owner uuid REFERENCES users ON UPDATE SET NULL)
shared once: ALTER TABLE t RENAME CONSTRAINT t_owner_fkey TO belongs
shared once: DROP TRIGGER "!tenantry_update_t_owner_fkey" ON users
shared once: CREATE TRIGGER "!tenantry_update_belongs" AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tenantry.set_on_update('belongs', 'NULL', 'tenant_id')
plain tenant: ALTER TABLE t RENAME CONSTRAINT t_owner_fkey TO belongs
shared once: ALTER TABLE t DROP CONSTRAINT belongs
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
plain tenant: ALTER TABLE t DROP CONSTRAINT belongs
shared once: DROP TRIGGER "!tenantry_update_belongs" ON users
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t ADD CONSTRAINT belongs FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id) ON UPDATE CASCADE
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: CREATE INDEX IF NOT EXISTS t_tenantry_idx ON t (tenant_id)
plain tenant: ALTER TABLE t ADD CONSTRAINT belongs FOREIGN KEY (owner) REFERENCES users ON UPDATE CASCADE
"#,
    );
}

#[test]
fn to_an_unknown_table_is_refused() {
    check(
        r#""#,
        r#"CREATE TABLE t (owner uuid REFERENCES nowhere)"#,
        r#"
m.sql:1:1: table nowhere is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn from_the_tenant_column_is_refused() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE t (tenant_id uuid REFERENCES users, id int)"#,
        r#"
m.sql:1:1: the tenant column tenant_id refers to users (id), whose rows belong to tenants themselves; list users under [tables] global, or rename the column of yours or Tenantry's (isolation.tenant_column)
"#,
    );
}
