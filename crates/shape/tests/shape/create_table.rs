//! CREATE TABLE: the tenant column, keys, row-level security.

use crate::check;

#[test]
fn keys_get_the_tenant_column_first() {
    check(
        r#""#,
        r#"CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL UNIQUE)"#,
        r#"
shared once: CREATE TABLE users (id uuid DEFAULT gen_random_uuid(), email text NOT NULL, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id), CONSTRAINT users_email_key UNIQUE (tenant_id, email))
shared once: ALTER TABLE users ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON users USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL UNIQUE)
"#,
    );
}

#[test]
fn a_table_without_a_key_gets_an_index() {
    check(
        r#""#,
        r#"CREATE TABLE log (at timestamptz, line text)"#,
        r#"
shared once: CREATE TABLE log (at timestamptz, line text, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE log ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE log FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON log USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX log_tenantry_idx ON log (tenant_id)
plain tenant: CREATE TABLE log (at timestamptz, line text)
"#,
    );
}

#[test]
fn a_primary_key_that_is_also_unique_keeps_the_explicit_name() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, CONSTRAINT uq UNIQUE (id), UNIQUE (a))"#,
        r#"
shared once: CREATE TABLE t (id int, a int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT uq PRIMARY KEY (tenant_id, id), CONSTRAINT t_a_key UNIQUE (tenant_id, a))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, CONSTRAINT uq UNIQUE (id), UNIQUE (a))
"#,
    );
}

#[test]
fn checks_are_named_before_keys() {
    check(
        r#""#,
        r#"CREATE TABLE t (a int CHECK (a > 0) CHECK (a < 9), b int, CHECK (a < b))"#,
        r#"
shared once: CREATE TABLE t (a int, b int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_a_check CHECK (a > 0), CONSTRAINT t_a_check1 CHECK (a < 9), CONSTRAINT t_check CHECK (a < b))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (a int CHECK (a > 0) CHECK (a < 9), b int, CHECK (a < b))
"#,
    );
}

#[test]
fn deferrable_attributes_stay_with_their_constraint() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, a int UNIQUE NULLS NOT DISTINCT)"#,
        r#"
shared once: CREATE TABLE t (id int, a int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id) DEFERRABLE INITIALLY DEFERRED, CONSTRAINT t_a_key UNIQUE NULLS NOT DISTINCT (tenant_id, a))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, a int UNIQUE NULLS NOT DISTINCT)
"#,
    );
}

#[test]
fn serial_is_written_out_with_a_counter_per_tenant() {
    check(
        r#""#,
        r#"CREATE TABLE t (id bigserial PRIMARY KEY, small smallserial)"#,
        r#"
shared once: CREATE SEQUENCE t_id_seq AS bigint
shared once: CREATE SEQUENCE t_small_seq AS smallint
shared once: CREATE TABLE t (id bigint NOT NULL DEFAULT tenantry.next_value('shared.t_id_seq'::regclass), small smallint NOT NULL DEFAULT tenantry.next_value('shared.t_small_seq'::regclass), tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: ALTER SEQUENCE t_id_seq OWNED BY t.id
shared once: ALTER SEQUENCE t_small_seq OWNED BY t.small
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id bigserial PRIMARY KEY, small smallserial)
"#,
    );
}

#[test]
fn identity_keeps_its_semantics_behind_a_sentinel() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY)"#,
        r#"
shared once: CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (MINVALUE -2147483648 MAXVALUE -2147483647 START -2147483648 CYCLE ), tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: CREATE TRIGGER "!tenantry_identity_id" BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id <= -2147483647) EXECUTE FUNCTION tenantry.identity_value('id', '10', '5', '1', '2147483647', 'false')
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY)
"#,
    );
}

#[test]
fn generated_columns_and_defaults_stay() {
    check(
        r#""#,
        r#"CREATE TABLE t (a numeric DEFAULT 0, b numeric GENERATED ALWAYS AS (a * 2) STORED)"#,
        r#"
shared once: CREATE TABLE t (a numeric DEFAULT 0, b numeric GENERATED ALWAYS AS (a * 2) STORED, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (a numeric DEFAULT 0, b numeric GENERATED ALWAYS AS (a * 2) STORED)
"#,
    );
}

#[test]
fn an_exclusion_gets_the_tenant_column() {
    check(
        r#""#,
        r#"CREATE TABLE t (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&))"#,
        r#"
shared once: CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions
shared once: CREATE TABLE t (room int, during tstzrange, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT t_room_during_excl EXCLUDE USING gist (tenant_id WITH =, room WITH =, during WITH &&))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&))
"#,
    );
}

#[test]
fn a_tenant_column_of_the_same_type_is_kept() {
    check(
        r#""#,
        r#"CREATE TABLE t (tenant_id uuid, id int, PRIMARY KEY (tenant_id, id), UNIQUE (id))"#,
        r#"
shared once: CREATE TABLE t (tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), id int, PRIMARY KEY (tenant_id, id), CONSTRAINT t_id_key UNIQUE (tenant_id, id))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE t (tenant_id uuid, id int, PRIMARY KEY (tenant_id, id), UNIQUE (id))
"#,
    );
}

#[test]
fn a_tenant_column_of_another_type_is_refused() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int, tenant_id text)"#,
        r#"
m.sql:1:1: table t has a column tenant_id of type text of its own, and the tenant column of that name has type uuid; give Tenantry's column another name (isolation.tenant_column), or the type of yours (isolation.tenant_key)
"#,
    );
}

#[test]
fn a_global_table_has_no_tenant() {
    check(
        r#""#,
        r#"CREATE TABLE countries (code char(2) PRIMARY KEY, name text UNIQUE)"#,
        r#"
shared once: CREATE TABLE global.countries (code char(2) PRIMARY KEY, name text UNIQUE)
plain once: CREATE TABLE global.countries (code char(2) PRIMARY KEY, name text UNIQUE)
"#,
    );
}

#[test]
fn a_global_table_may_not_refer_to_a_tenants() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE countries (code char(2) PRIMARY KEY, by uuid REFERENCES users)"#,
        r#"
m.sql:1:1: the global table countries refers to users, whose rows belong to tenants; list users under [tables] global as well, or take the foreign key out
"#,
    );
}

#[test]
fn if_not_exists_does_nothing_twice() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE IF NOT EXISTS users (id int)"#,
        r#"
plain tenant: CREATE TABLE IF NOT EXISTS users (id int)
note: there is nothing to do in shared tables
"#,
    );
}

#[test]
fn a_second_table_of_the_name_is_refused() {
    check(
        r#"CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);"#,
        r#"CREATE TABLE users (id int)"#,
        r#"
m.sql:1:1: a relation users exists already; give the table another name
"#,
    );
}

#[test]
fn public_becomes_the_schema() {
    check(
        r#""#,
        r#"CREATE TABLE public.t (id int PRIMARY KEY)"#,
        r#"
shared once: CREATE TABLE shared.t (id int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE shared.t (id int PRIMARY KEY)
"#,
    );
}

#[test]
fn another_schema_is_refused() {
    check(
        r#""#,
        r#"CREATE TABLE accounting.t (id int PRIMARY KEY)"#,
        r#"
m.sql:1:1: it names the schema accounting, and a tenant has one schema only; leave out the qualifier "accounting.", or CREATE SCHEMA accounting in a migration before it
"#,
    );
}

#[test]
fn a_temporary_table_goes_with_its_file() {
    check(
        r#""#,
        r#"CREATE TEMP TABLE t (id int)"#,
        r#"
shared once: CREATE TEMPORARY TABLE t (id int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TEMP TABLE t (id int)
shared once: DROP TABLE IF EXISTS pg_temp.t CASCADE
plain tenant: DROP TABLE IF EXISTS pg_temp.t CASCADE
"#,
    );
}
