//! What stands between the statements of a file: psql's commands, marks of tools, transactions.

use crate::check;

#[test]
fn what_only_psql_sees_is_left_out() {
    check(
        "",
        "\\restrict key\n\\set ON_ERROR_STOP on\nCREATE TABLE t (a text DEFAULT '\\x');\n\\echo done; CREATE TABLE no (a int);\n\\unrestrict key\n",
        r#"
note: \restrict is left out: it is meant for psql
note: \set is left out: it is meant for psql
shared once: CREATE TABLE t (a text DEFAULT E'\\x', tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE t ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON t USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX t_tenantry_idx ON t (tenant_id)
plain tenant: CREATE TABLE t (a text DEFAULT '\x')
note: \echo is left out: it is meant for psql
note: \unrestrict is left out: it is meant for psql
"#,
    );
}

#[test]
fn what_psql_would_do_is_refused_with_its_place() {
    check(
        "",
        "SELECT 1;\n  \\i other.sql\n\\! rm -r x\nSELECT 'a' \\gexec\n",
        r#"
m.sql:2:3: \i: it reads another file; put the text of that file here, or make it a migration of its own
m.sql:3:1: \!: it is a command of psql that is not carried; take it out
m.sql:4:12: \gexec: it runs the results of the query as statements; write the statements out, or a DO block with EXECUTE
"#,
    );
}

#[test]
fn a_script_makes_its_database_and_connects_to_it() {
    check(
        "",
        "DROP DATABASE IF EXISTS shop;\nCREATE DATABASE shop;\n\\c shop;\nSELECT 1;",
        r#"
note: it concerns the database shop: Tenantry makes the databases
note: it concerns the database shop: Tenantry makes the databases
note: \connect shop is left out: Tenantry says which database is meant
shared tenant: SELECT 1
plain tenant: SELECT 1
"#,
    );
}

#[test]
fn a_second_database_is_refused() {
    check(
        "",
        "\\connect a\n\\connect b\nCREATE DATABASE b;",
        r#"
m.sql:2:1: the file goes on in another database, b; make it two services, each with its own folder of migrations
m.sql:3:1: it changes a database of the server; leave it out: databases are Tenantry's
"#,
    );
}

#[test]
fn a_file_that_commits_half_way_is_split_there() {
    check(
        "CREATE TABLE t (a int);",
        "BEGIN; UPDATE t SET a = 1; COMMIT; BEGIN; UPDATE t SET a = 2; COMMIT; SET search_path = public;",
        r#"
note: BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's
shared tenant: UPDATE t SET a = 1
plain tenant: UPDATE t SET a = 1
shared once alone: COMMIT
plain tenant alone: COMMIT
note: the file commits here: what stands above stays when something below fails
note: BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's
shared tenant: UPDATE t SET a = 2
plain tenant: UPDATE t SET a = 2
note: BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's
note: the setting search_path is left out: Tenantry sets it
"#,
    );
}

#[test]
fn what_is_rolled_back_is_refused() {
    check(
        "",
        "BEGIN; SELECT 1; ROLLBACK;",
        "m.sql:1:18: ROLLBACK undoes statements of the file that were just made; take it out together with what it undoes",
    );
}

#[test]
fn tables_of_migration_tools_are_there() {
    check(
        "",
        "INSERT INTO gorp_migrations (id) VALUES ('1'); DROP TABLE IF EXISTS alembic_version",
        r#"
shared once: CREATE TABLE gorp_migrations (id text, applied_at timestamptz, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id))
shared once: ALTER TABLE gorp_migrations ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE gorp_migrations FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON gorp_migrations USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared tenant: INSERT INTO gorp_migrations (id) VALUES ('1')
plain tenant: CREATE TABLE gorp_migrations (id text PRIMARY KEY, applied_at timestamptz)
plain tenant: INSERT INTO gorp_migrations (id) VALUES ('1')
note: it names the table of a migration tool, which is made here, empty
shared once: DROP TABLE IF EXISTS alembic_version
plain tenant: DROP TABLE IF EXISTS alembic_version
"#,
    );
}
