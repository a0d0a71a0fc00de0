//! Privileges and roles: left out with a note; mighty roles are refused.

use crate::check;

#[test]
fn grants_and_revokes() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"GRANT SELECT ON users TO somebody; REVOKE ALL ON users FROM PUBLIC; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO somebody; REVOKE somebody FROM other; REASSIGN OWNED BY a TO b"#,
        r#"
note: privileges are left out: Tenantry grants them by [roles]
note: REVOKE is left out: what each role may do stands in [roles]
note: privileges are left out: Tenantry grants them by [roles]
note: privileges are left out: Tenantry grants them by [roles]
note: OWNER TO is left out: objects belong to Tenantry's owner role
"#,
    );
}

#[test]
fn roles() {
    check(
        r#""#,
        r#"CREATE ROLE reader NOLOGIN; CREATE USER app PASSWORD 'x'; ALTER ROLE reader SET work_mem = 1; ALTER ROLE app NOSUPERUSER; DROP ROLE reader"#,
        r#"
note: the role reader is left out: roles are Tenantry's, see [roles]
note: the role app is left out: roles are Tenantry's, see [roles]
note: the role is left out: roles are Tenantry's, see [roles]
note: the role app is left out: roles are Tenantry's, see [roles]
note: the role is left out: roles are Tenantry's, see [roles]
"#,
    );
}

#[test]
fn mighty_roles_are_refused() {
    check(
        r#""#,
        r#"CREATE ROLE root SUPERUSER; ALTER ROLE app BYPASSRLS; CREATE USER x CREATEROLE"#,
        r#"
m.sql:1:1: it makes the role root one that no boundary holds; leave it out: roles are Tenantry's, see [roles]
m.sql:1:29: it makes the role app one that no boundary holds; leave it out: roles are Tenantry's, see [roles]
m.sql:1:55: it makes the role x one that no boundary holds; leave it out: roles are Tenantry's, see [roles]
"#,
    );
}
