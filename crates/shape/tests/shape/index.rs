//! CREATE INDEX and what is done with indexes.

use crate::check;

#[test]
fn named_as_the_server_would() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE INDEX ON items (qty, lower(owner::text), (qty + 1), (qty + 2)) INCLUDE (id)"#,
        r#"
shared once: CREATE INDEX items_qty_lower_expr_expr1_id_idx ON items USING btree (tenant_id, qty, lower(owner::text), (qty + 1), (qty + 2)) INCLUDE (id)
plain tenant: CREATE INDEX ON items (qty, lower(owner::text), (qty + 1), (qty + 2)) INCLUDE (id)
"#,
    );
}

#[test]
fn unique_and_partial() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE UNIQUE INDEX one ON items (owner) WHERE qty > 0"#,
        r#"
shared once: CREATE UNIQUE INDEX one ON items USING btree (tenant_id, owner) WHERE qty > 0
plain tenant: CREATE UNIQUE INDEX one ON items (owner) WHERE qty > 0
"#,
    );
}

#[test]
fn concurrently_runs_alone() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON items (qty DESC NULLS LAST)"#,
        r#"
shared once alone: CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON items USING btree (tenant_id, qty DESC NULLS LAST)
plain tenant alone: CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON items (qty DESC NULLS LAST)
"#,
    );
}

#[test]
fn other_methods_stay() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE INDEX g ON items USING gin (to_tsvector('english', owner::text)); CREATE INDEX h ON items USING hash (qty); CREATE INDEX b ON items USING brin (qty)"#,
        r#"
shared once: CREATE INDEX g ON items USING gin (to_tsvector('english', owner::text))
plain tenant: CREATE INDEX g ON items USING gin (to_tsvector('english', owner::text))
shared once: CREATE INDEX h ON items USING hash (qty)
plain tenant: CREATE INDEX h ON items USING hash (qty)
shared once: CREATE INDEX b ON items USING brin (qty)
plain tenant: CREATE INDEX b ON items USING brin (qty)
"#,
    );
}

#[test]
fn drop_and_rename() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);CREATE INDEX i ON items (qty); CREATE INDEX j ON items (qty);"#,
        r#"ALTER INDEX i RENAME TO k; DROP INDEX CONCURRENTLY j; REINDEX INDEX k"#,
        r#"
shared once: ALTER INDEX i RENAME TO k
plain tenant: ALTER INDEX i RENAME TO k
shared once alone: DROP INDEX CONCURRENTLY IF EXISTS j
plain tenant alone: DROP INDEX CONCURRENTLY IF EXISTS j
shared once: REINDEX INDEX k
plain tenant: REINDEX INDEX k
"#,
    );
}

#[test]
fn statistics() {
    check(
        r#"CREATE TABLE items (id serial PRIMARY KEY, owner uuid, qty int);"#,
        r#"CREATE STATISTICS s ON id, qty FROM items"#,
        r#"
shared once: CREATE STATISTICS s ON id, qty FROM items
plain tenant: CREATE STATISTICS s ON id, qty FROM items
"#,
    );
}

#[test]
fn an_index_made_alone_can_be_made_again() {
    check(
        "CREATE TABLE t (a int);",
        "CREATE UNIQUE INDEX CONCURRENTLY ON t (a)",
        r#"
shared once alone: CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a_idx ON t USING btree (tenant_id, a)
plain tenant alone: CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a_idx ON t (a)
"#,
    );
}

#[test]
fn what_is_there_is_left_out_with_a_note() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE INDEX i ON t (a);",
        "CREATE INDEX IF NOT EXISTS i ON t (a); ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
        r#"
plain tenant: CREATE INDEX IF NOT EXISTS i ON t (a)
note: a relation i is there: the index is left out
plain tenant: ALTER TABLE t ADD COLUMN IF NOT EXISTS a int
note: the column a of table t is there: it is left out
"#,
    );
}
