//! LIKE: indexes and keys under the names of a plain run.

use crate::check;

#[test]
fn including_all() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);"#,
        r#"CREATE TABLE people (LIKE users INCLUDING ALL)"#,
        r#"
shared once: CREATE TABLE people (LIKE users INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE)
shared once: ALTER TABLE people ADD CONSTRAINT people_pkey PRIMARY KEY (tenant_id, id)
shared once: ALTER TABLE people ADD CONSTRAINT "people_eMail_key" UNIQUE (tenant_id, "eMail")
shared once: CREATE INDEX people_age_lower_idx ON people USING btree (tenant_id, age, lower("eMail")) WHERE age > 3
shared once: CREATE UNIQUE INDEX people_expr_up_idx ON people USING btree (tenant_id, (age + 1)) INCLUDE (up)
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE people (LIKE users INCLUDING ALL)
"#,
    );
}

#[test]
fn with_nothing_the_tenant_column_gets_its_default() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);"#,
        r#"CREATE TABLE people (LIKE users)"#,
        r#"
shared once: CREATE TABLE people (LIKE users)
shared once: ALTER TABLE people ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX people_tenantry_idx ON people (tenant_id)
plain tenant: CREATE TABLE people (LIKE users)
"#,
    );
}

#[test]
fn some_options() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);"#,
        r#"CREATE TABLE people (LIKE users INCLUDING DEFAULTS INCLUDING INDEXES EXCLUDING CONSTRAINTS)"#,
        r#"
shared once: CREATE TABLE people (LIKE users INCLUDING DEFAULTS)
shared once: ALTER TABLE people ADD CONSTRAINT people_pkey PRIMARY KEY (tenant_id, id)
shared once: ALTER TABLE people ADD CONSTRAINT "people_eMail_key" UNIQUE (tenant_id, "eMail")
shared once: CREATE INDEX people_age_lower_idx ON people USING btree (tenant_id, age, lower("eMail")) WHERE age > 3
shared once: CREATE UNIQUE INDEX people_expr_up_idx ON people USING btree (tenant_id, (age + 1)) INCLUDE (up)
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE people (LIKE users INCLUDING DEFAULTS INCLUDING INDEXES EXCLUDING CONSTRAINTS)
"#,
    );
}

#[test]
fn columns_behind_move_the_tenant_column() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);"#,
        r#"CREATE TABLE people (LIKE users INCLUDING ALL, more text NOT NULL, boss int REFERENCES users, UNIQUE (more))"#,
        r#"
shared once: CREATE TABLE people (LIKE users INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE, more text NOT NULL, boss int)
shared once: ALTER TABLE people DROP COLUMN tenant_id, ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE people ADD CONSTRAINT people_pkey PRIMARY KEY (tenant_id, id)
shared once: ALTER TABLE people ADD CONSTRAINT "people_eMail_key" UNIQUE (tenant_id, "eMail")
shared once: CREATE INDEX people_age_lower_idx ON people USING btree (tenant_id, age, lower("eMail")) WHERE age > 3
shared once: CREATE UNIQUE INDEX people_expr_up_idx ON people USING btree (tenant_id, (age + 1)) INCLUDE (up)
shared once: ALTER TABLE people ADD CONSTRAINT people_more_key UNIQUE (tenant_id, more)
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE people ADD CONSTRAINT people_boss_fkey FOREIGN KEY (tenant_id, boss) REFERENCES users (tenant_id, id)
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE people (LIKE users INCLUDING ALL, more text NOT NULL, boss int REFERENCES users, UNIQUE (more))
"#,
    );
}

#[test]
fn columns_before_leave_it_last() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);"#,
        r#"CREATE TABLE people (more text PRIMARY KEY, LIKE users INCLUDING DEFAULTS)"#,
        r#"
shared once: CREATE TABLE people (more text, LIKE users INCLUDING DEFAULTS, PRIMARY KEY (tenant_id, more))
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE people (more text PRIMARY KEY, LIKE users INCLUDING DEFAULTS)
"#,
    );
}

#[test]
fn renamed_columns_have_their_new_names() {
    check(
        r#"CREATE TABLE users (id serial PRIMARY KEY, "eMail" text UNIQUE, age int CHECK (age > 0), up int REFERENCES users); CREATE INDEX by_age ON users (age, lower("eMail")) WHERE age > 3; CREATE UNIQUE INDEX ON users ((age + 1)) INCLUDE (up);ALTER TABLE users RENAME "eMail" TO "Mail"; ALTER TABLE users RENAME age TO years;"#,
        r#"CREATE TABLE people (LIKE users INCLUDING INDEXES)"#,
        r#"
shared once: CREATE TABLE people (LIKE users)
shared once: ALTER TABLE people ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE people ADD CONSTRAINT people_pkey PRIMARY KEY (tenant_id, id)
shared once: ALTER TABLE people ADD CONSTRAINT "people_eMail_key" UNIQUE (tenant_id, "Mail")
shared once: CREATE INDEX people_age_lower_idx ON people USING btree (tenant_id, years, lower("Mail")) WHERE years > 3
shared once: CREATE UNIQUE INDEX people_expr_up_idx ON people USING btree (tenant_id, (years + 1)) INCLUDE (up)
shared once: ALTER TABLE people ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE people FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON people USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE people (LIKE users INCLUDING INDEXES)
"#,
    );
}

#[test]
fn identity_has_a_counter_of_its_own() {
    check(
        r#"CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY, b int GENERATED ALWAYS AS (id * 2) STORED)"#,
        r#"CREATE TABLE c (LIKE a INCLUDING IDENTITY INCLUDING GENERATED); CREATE TABLE d (LIKE a); INSERT INTO c VALUES (1)"#,
        r#"
shared once: CREATE TABLE c (LIKE a INCLUDING IDENTITY INCLUDING GENERATED)
shared once: ALTER TABLE c ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: CREATE TRIGGER "!tenantry_identity_id" BEFORE INSERT ON c FOR EACH ROW WHEN (NEW.id <= -2147483647) EXECUTE FUNCTION tenantry.identity_value('id', '5', '1', '1', '2147483647', 'false')
shared once: ALTER TABLE c ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE c FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON c USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX c_tenantry_idx ON c (tenant_id)
plain tenant: CREATE TABLE c (LIKE a INCLUDING IDENTITY INCLUDING GENERATED)
shared once: CREATE TABLE d (LIKE a)
shared once: ALTER TABLE d ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE d ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE d FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON d USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX d_tenantry_idx ON d (tenant_id)
plain tenant: CREATE TABLE d (LIKE a)
shared tenant: INSERT INTO c (id) VALUES (1)
plain tenant: INSERT INTO c VALUES (1)
"#,
    );
}

#[test]
fn of_a_global_table() {
    check(
        r#"CREATE TABLE countries (code text PRIMARY KEY)"#,
        r#"CREATE TABLE mine (LIKE countries INCLUDING ALL)"#,
        r#"
shared once: CREATE TABLE mine (LIKE countries INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE mine ADD CONSTRAINT mine_pkey PRIMARY KEY (tenant_id, code)
shared once: ALTER TABLE mine ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE mine FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON mine USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE mine (LIKE countries INCLUDING ALL)
"#,
    );
}

#[test]
fn of_a_view() {
    check(
        r#"CREATE TABLE a (id int); CREATE VIEW v AS SELECT id, 1 AS one FROM a"#,
        r#"CREATE TABLE b (LIKE v); INSERT INTO b VALUES (1, 2)"#,
        r#"
shared once: CREATE TABLE b (LIKE v, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
plain tenant: CREATE TABLE b (LIKE v)
shared tenant: INSERT INTO b (id, one) VALUES (1, 2)
plain tenant: INSERT INTO b VALUES (1, 2)
"#,
    );
}

#[test]
fn match_full_stays_behind() {
    check(
        r#"CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE c (a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL)"#,
        r#"CREATE TABLE d (LIKE c INCLUDING ALL)"#,
        r#"
shared once: CREATE TABLE d (LIKE c INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE)
shared once: ALTER TABLE d ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE d FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON d USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX d_tenantry_idx ON d (tenant_id)
plain tenant: CREATE TABLE d (LIKE c INCLUDING ALL)
"#,
    );
}

#[test]
fn twice() {
    check(
        r#"CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (y serial, CHECK (y > 0))"#,
        r#"CREATE TABLE c (LIKE a INCLUDING ALL, LIKE b INCLUDING DEFAULTS, z int)"#,
        r#"
shared once: CREATE TABLE "!tenantry_like_1" (LIKE b INCLUDING ALL EXCLUDING INDEXES)
shared once: ALTER TABLE "!tenantry_like_1" DROP COLUMN tenant_id
shared once: CREATE TABLE c (LIKE a INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE, LIKE "!tenantry_like_1" INCLUDING DEFAULTS, z int)
shared once: DROP TABLE "!tenantry_like_1"
shared once: ALTER TABLE c DROP COLUMN tenant_id, ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE c ADD CONSTRAINT c_pkey PRIMARY KEY (tenant_id, x)
shared once: ALTER TABLE c ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE c FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON c USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE c (LIKE a INCLUDING ALL, LIKE b INCLUDING DEFAULTS, z int)
"#,
    );
}

#[test]
fn of_nothing_is_refused() {
    check(
        r#""#,
        r#"CREATE TABLE c (LIKE a)"#,
        r#"
m.sql:1:1: table a is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn an_exclusion() {
    check(
        r#"CREATE TABLE a (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&))"#,
        r#"CREATE TABLE b (LIKE a INCLUDING ALL)"#,
        r#"
shared once: CREATE TABLE b (LIKE a INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED INCLUDING STATISTICS INCLUDING STORAGE)
shared once: CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions
shared once: ALTER TABLE b ADD CONSTRAINT b_room_during_excl EXCLUDE USING gist (tenant_id WITH =, room WITH =, during WITH &&)
shared once: ALTER TABLE b ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE b FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON b USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX b_tenantry_idx ON b (tenant_id)
plain tenant: CREATE TABLE b (LIKE a INCLUDING ALL)
"#,
    );
}
