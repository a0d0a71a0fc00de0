//! Schemas of the app's own stand for the tenant's one schema.

use crate::check;

#[test]
fn one_schema() {
    check(
        r#""#,
        r#"CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY); CREATE TABLE IF NOT EXISTS app.u (t int REFERENCES app.t (id)); INSERT INTO app.t VALUES (1); SELECT nextval('app.s'::regclass) FROM pg_tables WHERE schemaname = 'app'"#,
        r#"
note: the schema app stands for the tenant's one schema, as public does: names must be unique over both
shared once: CREATE TABLE shared.t (id int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE shared.t (id int PRIMARY KEY)
shared once: CREATE TABLE IF NOT EXISTS shared.u (t int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT u_t_fkey FOREIGN KEY (tenant_id, t) REFERENCES shared.t (tenant_id, id))
shared once: ALTER TABLE u ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE u FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON u USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX u_tenantry_idx ON u (tenant_id)
plain tenant: CREATE TABLE IF NOT EXISTS shared.u (t int REFERENCES shared.t (id))
shared tenant: INSERT INTO shared.t (id) VALUES (1)
plain tenant: INSERT INTO shared.t VALUES (1)
shared tenant: SELECT tenantry.next_value('shared.s'::regclass) FROM pg_tables WHERE schemaname = 'shared'
plain tenant: SELECT nextval('shared.s'::regclass) FROM pg_tables WHERE schemaname = 'shared'
"#,
    );
}

#[test]
fn several_schemas() {
    check(
        r#"CREATE SCHEMA "Auth"; CREATE SCHEMA IF NOT EXISTS crm; CREATE TABLE "Auth".users (id int PRIMARY KEY)"#,
        r#"CREATE TABLE crm.deals (who int REFERENCES "Auth".users); CREATE INDEX ON crm.deals (who); CREATE VIEW public.v AS SELECT u.* FROM "Auth".users u JOIN crm.deals ON who = id"#,
        r#"
shared once: CREATE TABLE shared.deals (who int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), CONSTRAINT deals_who_fkey FOREIGN KEY (tenant_id, who) REFERENCES shared.users (tenant_id, id))
shared once: ALTER TABLE deals ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE deals FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON deals USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX deals_tenantry_idx ON deals (tenant_id)
plain tenant: CREATE TABLE shared.deals (who int REFERENCES shared.users)
shared once: CREATE INDEX deals_who_idx ON shared.deals USING btree (tenant_id, who)
plain tenant: CREATE INDEX ON shared.deals (who)
shared once: CREATE VIEW shared.v WITH (security_invoker=true) AS SELECT u.id FROM shared.users u JOIN shared.deals ON who = id
plain tenant: CREATE VIEW shared.v AS SELECT u.* FROM shared.users u JOIN shared.deals ON who = id
"#,
    );
}

#[test]
fn names_collide() {
    check(
        r#"CREATE SCHEMA crm; CREATE TABLE users (id int)"#,
        r#"CREATE TABLE crm.users (id int)"#,
        r#"
m.sql:1:1: a relation users exists already (public, crm stand for one schema, the tenant's); give the table another name
"#,
    );
}

#[test]
fn functions_collide() {
    check(
        r#"CREATE SCHEMA crm; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$"#,
        r#"CREATE OR REPLACE FUNCTION crm.f() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$; CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS $$ SELECT 3 $$"#,
        r#"
m.sql:1:1: the function f is made in crm and in public, which both stand for the tenant's schema; give one of them another name
"#,
    );
}

#[test]
fn in_bodies_and_paths() {
    check(
        r#"CREATE SCHEMA crm; CREATE TABLE crm.t (id int)"#,
        r#"CREATE FUNCTION crm.f() RETURNS bigint LANGUAGE sql SET search_path = crm, public AS $$ SELECT count(*) FROM crm.t $$; SELECT crm.f()"#,
        r#"
shared once: CREATE FUNCTION shared.f() RETURNS bigint LANGUAGE sql SET search_path = shared, global, extensions, shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM shared.t $$
plain tenant: CREATE FUNCTION shared.f() RETURNS bigint LANGUAGE sql SET search_path = shared, global, extensions, shared, global, extensions, pg_temp AS $$ SELECT count(*) FROM shared.t $$
shared tenant: SELECT shared.f()
plain tenant: SELECT shared.f()
"#,
    );
}

#[test]
fn a_table_of_the_same_name() {
    check(
        r#"CREATE SCHEMA billing; CREATE TABLE billing.billing (id int, n int)"#,
        r#"SELECT billing.id, billing.billing.n FROM billing.billing WHERE billing.n > 1"#,
        r#"
shared tenant: SELECT billing.id, shared.billing.n FROM shared.billing WHERE billing.n > 1
plain tenant: SELECT billing.id, shared.billing.n FROM shared.billing WHERE billing.n > 1
"#,
    );
}

#[test]
fn renamed_and_dropped() {
    check(
        r#""#,
        r#"CREATE SCHEMA a; ALTER SCHEMA a RENAME TO b; DROP SCHEMA b; DROP SCHEMA IF EXISTS never CASCADE; CREATE SCHEMA b; CREATE TABLE b.t (id int); ALTER TABLE b.t SET SCHEMA public"#,
        r#"
note: the schema a stands for the tenant's one schema, as public does: names must be unique over both
note: the schema has no counterpart: both names stand for the tenant's schema
note: DROP SCHEMA b is left out: there is nothing in it
note: DROP SCHEMA never is left out: there is nothing in it
note: the schema b stands for the tenant's one schema, as public does: names must be unique over both
shared once: CREATE TABLE shared.t (id int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE shared.t (id int)
note: SET SCHEMA is left out: both schemas stand for the tenant's
"#,
    );
}

#[test]
fn dropped_with_something_in_it() {
    check(
        r#"CREATE SCHEMA b; CREATE TABLE b.t (id int)"#,
        r#"DROP SCHEMA b CASCADE"#,
        r#"
m.sql:1:1: DROP SCHEMA b drops what it does not name, and the schema stands for the tenant's; drop the objects one by one, and leave the schema
"#,
    );
}

#[test]
fn names_of_tenantrys() {
    check(
        r#""#,
        r#"CREATE SCHEMA shared; CREATE SCHEMA tenant_x; CREATE SCHEMA x CREATE TABLE t (id int)"#,
        r#"
m.sql:1:1: the name shared is one of Tenantry's schemas; name the schema otherwise
m.sql:1:23: the name tenant_x is one of Tenantry's schemas; name the schema otherwise
m.sql:1:47: CREATE SCHEMA holds statements of its own; write them behind it, with the schema before the names
"#,
    );
}

#[test]
fn not_made_by_the_history() {
    check(
        r#""#,
        r#"CREATE TABLE hdb.t (id int)"#,
        r#"
m.sql:1:1: it names the schema hdb, and a tenant has one schema only; leave out the qualifier "hdb.", or CREATE SCHEMA hdb in a migration before it
"#,
    );
}

#[test]
fn extensions_are_found() {
    check(
        r#"CREATE SCHEMA app; CREATE EXTENSION "uuid-ossp" SCHEMA app;"#,
        r#"CREATE TABLE app.t (id uuid DEFAULT app.uuid_generate_v4() PRIMARY KEY)"#,
        r#"
shared once: CREATE TABLE shared.t (id uuid DEFAULT extensions.uuid_generate_v4(), tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE shared.t (id uuid DEFAULT extensions.uuid_generate_v4() PRIMARY KEY)
"#,
    );
}

#[test]
fn on_the_search_path() {
    check(
        r#"CREATE SCHEMA crm"#,
        r#"SET search_path TO crm, public; SET search_path = crm"#,
        r#"
note: the setting search_path is left out: Tenantry sets it
note: the setting search_path is left out: Tenantry sets it
"#,
    );
}

/// Nothing lies in a schema that was never made: a plain run gives a notice, and so nothing runs here.
#[test]
fn if_exists_in_a_schema_that_there_is_not() {
    check(
        r#"CREATE TABLE devices (id int); CREATE INDEX devices_idx ON devices (id); CREATE TABLE more (id int)"#,
        r#"DROP INDEX IF EXISTS devices.devices_idx; DROP TABLE IF EXISTS old.devices, more CASCADE; ALTER TABLE IF EXISTS old.devices ADD COLUMN a int; ALTER TABLE IF EXISTS old.devices RENAME TO b; DROP FUNCTION IF EXISTS old.f(int); DROP TRIGGER IF EXISTS t ON old.devices; DROP TYPE IF EXISTS old.kind; CREATE INDEX devices_idx2 ON devices (id)"#,
        r#"
note: what lies in the schema devices is left out: there is no such schema, and IF EXISTS lets that pass
shared once: DROP TABLE IF EXISTS more CASCADE
plain tenant: DROP TABLE IF EXISTS more CASCADE
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
note: what lies in the schema old is left out: there is no such schema, and IF EXISTS lets that pass
shared once: CREATE INDEX devices_idx2 ON devices USING btree (tenant_id, id)
plain tenant: CREATE INDEX devices_idx2 ON devices (id)
"#,
    );
    check(
        r#"CREATE TABLE devices (id int)"#,
        r#"DROP TABLE old.devices; DROP TABLE IF EXISTS tenantry.ledger; DROP TABLE IF EXISTS pg_catalog.pg_class"#,
        r#"
m.sql:1:1: it names the schema old, and a tenant has one schema only; leave out the qualifier "old.", or CREATE SCHEMA old in a migration before it
m.sql:1:25: it names the schema tenantry, and a tenant has one schema only; leave out the qualifier "tenantry.", or CREATE SCHEMA tenantry in a migration before it
m.sql:1:63: it changes the system catalog pg_catalog; use the SQL command that makes the change (CREATE, ALTER, DROP)
"#,
    );
}

/// The name of a dictionary is an argument.
#[test]
fn names_that_functions_of_extensions_take() {
    check(
        "CREATE EXTENSION unaccent;",
        "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS $$ SELECT public.unaccent('public.unaccent', $1) $$",
        r#"
shared once: CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS $$ SELECT extensions.unaccent('extensions.unaccent', $1) $$
plain tenant: CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS $$ SELECT extensions.unaccent('extensions.unaccent', $1) $$
"#,
    );
}
