//! Maintenance: once per database, never once per tenant.

use crate::check;

#[test]
fn of_a_table() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"VACUUM ANALYZE users; ANALYZE users; CLUSTER users USING users_pkey; REINDEX TABLE CONCURRENTLY users; LOCK TABLE users IN SHARE MODE"#,
        r#"
shared once alone: VACUUM ANALYZE users
plain tenant alone: VACUUM ANALYZE users
shared once: ANALYZE users
plain tenant: ANALYZE users
shared once: CLUSTER users USING users_pkey
plain tenant: CLUSTER users USING users_pkey
shared once alone: REINDEX TABLE CONCURRENTLY users
plain tenant alone: REINDEX TABLE CONCURRENTLY users
shared once: LOCK TABLE users IN SHARE MODE
plain tenant: LOCK TABLE users IN SHARE MODE
"#,
    );
}

#[test]
fn of_everything() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"VACUUM; ANALYZE; REINDEX DATABASE x; CHECKPOINT"#,
        r#"
shared once alone: VACUUM
plain once alone: VACUUM
shared once: ANALYZE
plain once: ANALYZE
note: REINDEX of a schema or a database is left out: it is the operator's
note: CHECKPOINT is left out: it is the operator's
"#,
    );
}

#[test]
fn publications_are_left_out() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"CREATE PUBLICATION p FOR TABLE users; ALTER PUBLICATION p ADD TABLE users; DROP PUBLICATION p"#,
        r#"
note: the publication is left out: it would hold every tenant's rows, and replication is the operator's
note: the publication is left out: it would hold every tenant's rows, and replication is the operator's
note: the publication is left out: it would hold every tenant's rows, and replication is the operator's
"#,
    );
}

#[test]
fn subscriptions_are_refused() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY, name text);"#,
        r#"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p"#,
        r#"
m.sql:1:1: a subscription reaches outside the tenant; leave it out: replication is the operator's
"#,
    );
}

#[test]
fn aggregates_and_text_search() {
    check(
        r#""#,
        r#"CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0'); CREATE TEXT SEARCH CONFIGURATION simpler (COPY = simple); ALTER TEXT SEARCH CONFIGURATION simpler ALTER MAPPING FOR word WITH simple; DROP TEXT SEARCH CONFIGURATION simpler; DROP AGGREGATE total(int); CREATE COLLATION german (provider = icu, locale = 'de')"#,
        r#"
shared once: CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')
plain tenant: CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')
shared once: CREATE TEXT SEARCH CONFIGURATION simpler (COPY = simple)
plain tenant: CREATE TEXT SEARCH CONFIGURATION simpler (COPY = simple)
shared once: ALTER TEXT SEARCH CONFIGURATION simpler ALTER MAPPING FOR word WITH simple
plain tenant: ALTER TEXT SEARCH CONFIGURATION simpler ALTER MAPPING FOR word WITH simple
shared once: DROP TEXT SEARCH CONFIGURATION simpler
plain tenant: DROP TEXT SEARCH CONFIGURATION simpler
shared once: DROP AGGREGATE total(int)
plain tenant: DROP AGGREGATE total(int)
shared once: CREATE COLLATION german (provider = icu, locale = 'de')
plain tenant: CREATE COLLATION german (provider = icu, locale = 'de')
"#,
    );
}
