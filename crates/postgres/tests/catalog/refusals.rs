//! What can't be made anew is refused by name.

use tenantry_domain::ErrorCode;

use crate::{script, server};

async fn check(sql: &str, expect: &str) {
    let mut client = server::database().await;
    client.batch_execute(&format!("SET search_path = template; {sql}")).await.unwrap();
    let error = script(&mut client, "template").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ShapeRefused, "{sql}: {error:?}");
    assert!(error.message().contains(expect), "{sql}: {error:?}");
}

#[tokio::test]
async fn kinds_that_a_script_cannot_make() {
    check("CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)", "operator").await;
    check("CREATE OPERATOR FAMILY f USING btree", "opfamily").await;
    check("CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8", "conversion").await;
    check("CREATE TYPE shell", "base type shell").await;
    check("CREATE TYPE kind AS (n integer); CREATE TABLE t OF kind", "typed table t").await;
    check("CREATE TABLE pg_class (n integer)", "relation with the name of a relation of pg_catalog pg_class")
        .await;
    check("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (n integer) SERVER s", "foreign table f").await;
    check(
        "CREATE FUNCTION f() RETURNS timestamptz LANGUAGE internal AS 'now'",
        "function in an untrusted language f()",
    )
    .await;
    check("CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(e) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE CAST (e AS integer) WITH FUNCTION f(e)", "cast").await;
    check("CREATE AGGREGATE a(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA)", "aggregate with a state of type internal a(").await;
    check("CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize)", "ts_template").await;
}

#[tokio::test]
async fn states_that_a_script_cannot_make() {
    check("CREATE TABLE t (n integer); CREATE INDEX i ON t (n); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass", "invalid index i").await;
    check("CREATE TABLE a (n integer PRIMARY KEY); CREATE TABLE b (n integer REFERENCES a); ALTER TABLE b DISABLE TRIGGER ALL", "disabled trigger").await;
    check("CREATE TABLE t (r regclass[]); INSERT INTO t VALUES ('{t}')", "table t holds rows with column r")
        .await;
    check(
        "CREATE TABLE t (n int UNIQUE, r regclass); INSERT INTO t VALUES (1, 't_n_key')",
        "oids of indexes",
    )
    .await;
    check(
        "CREATE SEQUENCE s; CREATE TABLE t (n bigint DEFAULT nextval(('template.s'::text)::regclass))",
        "column t.n names its schema in a string",
    )
    .await;
    check("CREATE TABLE t (n integer); CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
           CREATE VIEW v AS SELECT f() AS n; CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT n FROM v; END", "in a ring: function f(), view v").await;
}

#[tokio::test]
async fn a_schema_must_exist_and_be_read_in_a_transaction() {
    let client = server::database().await;
    let unknown = tenantry_postgres::catalog::read(&client, "nowhere").await.unwrap_err();
    assert_eq!(unknown.message(), "schema nowhere does not exist");
    let outside = tenantry_postgres::catalog::read(&client, "template").await.unwrap_err();
    assert_eq!(outside.code(), ErrorCode::Internal);
}
