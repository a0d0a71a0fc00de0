//! SET and RESET.

use crate::check;

#[test]
fn settings_hold_for_the_transaction() {
    check(
        "",
        "SET SESSION work_mem = '64MB'; SET TIME ZONE 'UTC'; SET LOCAL plpgsql.extra_warnings = 'all'; SET check_function_bodies = false; RESET work_mem",
        r#"
shared once: SET LOCAL work_mem = '64MB'
plain tenant: SET LOCAL work_mem = '64MB'
shared once: SET LOCAL TIME ZONE 'UTC'
plain tenant: SET LOCAL TIME ZONE 'UTC'
shared once: SET LOCAL plpgsql.extra_warnings = 'all'
plain tenant: SET LOCAL plpgsql.extra_warnings = 'all'
shared once: SET LOCAL check_function_bodies = false
plain tenant: SET LOCAL check_function_bodies = false
shared once: SET LOCAL work_mem TO DEFAULT
plain tenant: SET LOCAL work_mem TO DEFAULT
"#,
    );
}

#[test]
fn they_are_made_again_behind_what_runs_alone() {
    check(
        "CREATE TABLE t (a int);",
        "SET work_mem = '64MB'; VACUUM t",
        r#"
shared once: SET LOCAL work_mem = '64MB'
plain tenant: SET LOCAL work_mem = '64MB'
shared once alone: VACUUM t
shared once: SET LOCAL work_mem = '64MB'
plain tenant alone: VACUUM t
plain tenant: SET LOCAL work_mem = '64MB'
"#,
    );
}

#[test]
fn who_runs_and_how_text_is_read_is_not_theirs() {
    check(
        "",
        "SET app.current_tenant = 'x';\nSET ROLE postgres;\nSET session_replication_role = replica;\nSET standard_conforming_strings = off;\nSET client_encoding = 'LATIN1';\nSET search_path = accounting, public;\nSELECT set_config('app.current_tenant', 'x', true);",
        r#"
m.sql:1:1: the setting app.current_tenant says who runs; leave it out: Tenantry sets it
m.sql:2:1: the setting role says who runs; leave it out: migrations run as Tenantry's owner role, to which all objects belong
m.sql:3:1: the setting session_replication_role is not one that a migration may make; write ALTER TABLE ... DISABLE TRIGGER USER around the statements, for each table
m.sql:4:1: standard_conforming_strings = off gives the text another meaning; save the file as UTF-8, write E'...' where a backslash is an escape, and take the statement out
m.sql:5:1: client_encoding = latin1 gives the text another meaning; save the file as UTF-8, write E'...' where a backslash is an escape, and take the statement out
m.sql:6:1: search_path names the schema accounting, and a tenant has one schema only; leave it out; put table families apart by a prefix of their names
m.sql:7:1: set_config sets app.current_tenant, which says who runs; leave it out: Tenantry sets it
"#,
    );
}

#[test]
fn constraints_are_deferred_as_written() {
    check(
        "",
        "SET CONSTRAINTS ALL DEFERRED",
        "shared once: SET CONSTRAINTS ALL DEFERRED\nplain tenant: SET CONSTRAINTS ALL DEFERRED",
    );
}

#[test]
fn the_role_that_a_dump_goes_back_to() {
    check(
        "",
        "SET SESSION AUTHORIZATION DEFAULT; RESET SESSION AUTHORIZATION; RESET ROLE; SET ROLE NONE; SET LOCAL ROLE none",
        r#"
note: the setting session_authorization is left out: migrations run as Tenantry's owner role
note: the setting session_authorization is left out: migrations run as Tenantry's owner role
note: the setting role is left out: migrations run as Tenantry's owner role
note: the setting role is left out: migrations run as Tenantry's owner role
note: the setting role is left out: migrations run as Tenantry's owner role
"#,
    );
    check(
        "",
        "SET SESSION AUTHORIZATION 'postgres'; SET LOCAL ROLE anon",
        r#"
m.sql:1:1: the setting session_authorization says who runs; leave it out: migrations run as Tenantry's owner role, to which all objects belong
m.sql:1:39: the setting role says who runs; leave it out: migrations run as Tenantry's owner role, to which all objects belong
"#,
    );
}
