//! Privileges and roles: left out with a note, which says what nobody gets.

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
fn nobody_gets_a_roles_powers() {
    check(
        r#""#,
        r#"CREATE ROLE root SUPERUSER; ALTER ROLE app BYPASSRLS; CREATE ROLE service NOLOGIN CREATEROLE REPLICATION; ALTER ROLE service RENAME TO other; CREATE GROUP g"#,
        r#"
note: the role root is left out: roles are Tenantry's, see [roles], and nobody gets SUPERUSER
note: the role app is left out: roles are Tenantry's, see [roles], and nobody gets BYPASSRLS
note: the role service is left out: roles are Tenantry's, see [roles], and nobody gets CREATEROLE, REPLICATION
note: the role service is left out: roles are Tenantry's, see [roles]
note: the role g is left out: roles are Tenantry's, see [roles]
"#,
    );
}
