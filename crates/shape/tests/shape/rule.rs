//! Rules: as written.

use crate::check;

#[test]
fn on_a_view() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);CREATE VIEW v AS SELECT id, name FROM users;"#,
        r#"CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO users VALUES (NEW.id, NEW.name) RETURNING id, name; DROP RULE r ON v"#,
        r#"
shared once: CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO users (id, name) VALUES (NEW.id, NEW.name) RETURNING id, name
plain tenant: CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO users VALUES (NEW.id, NEW.name) RETURNING id, name
shared once: DROP RULE r ON v
plain tenant: DROP RULE r ON v
"#,
    );
}

#[test]
fn on_a_table() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);CREATE TABLE log (what text);"#,
        r#"CREATE RULE r AS ON UPDATE TO users WHERE NEW.name <> OLD.name DO ALSO INSERT INTO log VALUES (NEW.name); ALTER TABLE users DISABLE RULE r"#,
        r#"
shared once: CREATE RULE r AS ON UPDATE TO users WHERE NEW.name <> OLD.name DO ALSO INSERT INTO log (what) VALUES (NEW.name)
plain tenant: CREATE RULE r AS ON UPDATE TO users WHERE NEW.name <> OLD.name DO ALSO INSERT INTO log VALUES (NEW.name)
shared once: ALTER TABLE users DISABLE RULE r
plain tenant: ALTER TABLE users DISABLE RULE r
"#,
    );
}

#[test]
fn truncate_passes_by_a_rule() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING; TRUNCATE users; DROP RULE keep ON users; TRUNCATE users"#,
        r#"
shared once: CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING
plain tenant: CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING
shared once: ALTER TABLE users DISABLE RULE keep
shared tenant: DELETE FROM users
shared once: ALTER TABLE users ENABLE RULE keep
plain tenant: TRUNCATE users
shared once: DROP RULE keep ON users
plain tenant: DROP RULE keep ON users
shared tenant: DELETE FROM users
plain tenant: TRUNCATE users
"#,
    );
}

#[test]
fn whole_rows_are_refused() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);CREATE TABLE log (id int, name text);"#,
        r#"CREATE RULE r AS ON INSERT TO users DO ALSO INSERT INTO log VALUES (NEW.*)"#,
        r#"
m.sql:1:1: INSERT INTO log takes NEW.*, which has the tenant column too; write its columns out: NEW.a, NEW.b
"#,
    );
}

#[test]
fn returning_on_a_table_is_refused() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"CREATE RULE r AS ON INSERT TO users DO INSTEAD UPDATE users SET name = NEW.name WHERE id = NEW.id RETURNING id, name"#,
        r#"
m.sql:1:1: a rule on table users has RETURNING, which must yield the tenant column too; make it a rule on a view over the table, or a trigger
"#,
    );
}
