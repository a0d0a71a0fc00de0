//! Materialized views: a table under row-level security beside a view that holds the query.

use crate::check;

#[test]
fn created_and_filled() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE MATERIALIZED VIEW mv AS SELECT *, lower(n) FROM a"#,
        r#"
shared once: CREATE VIEW tenantry_query_mv WITH (security_invoker=true) AS SELECT a.id, a.n, a.at, lower(n) FROM a
shared once: CREATE TABLE mv AS SELECT * FROM tenantry_query_mv  WITH NO DATA
shared once: ALTER TABLE mv ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE mv ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE mv FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON mv USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX mv_tenantry_idx ON mv (tenant_id)
shared once: CREATE TRIGGER "!tenantry_read_only" BEFORE INSERT OR UPDATE OR DELETE ON mv FOR EACH STATEMENT EXECUTE FUNCTION tenantry.only_refreshed()
shared tenant: INSERT INTO mv SELECT * FROM tenantry_query_mv
plain tenant: CREATE MATERIALIZED VIEW mv AS SELECT *, lower(n) FROM a
"#,
    );
}

#[test]
fn with_everything() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"CREATE MATERIALIZED VIEW IF NOT EXISTS "MV" (x, y) WITH (fillfactor = 70) AS SELECT id, n FROM a WITH NO DATA"#,
        r#"
shared once: CREATE VIEW "tenantry_query_MV" (x, y) WITH (security_invoker=true) AS SELECT id, n FROM a
shared once: CREATE TABLE "MV" WITH (fillfactor=70) AS SELECT * FROM "tenantry_query_MV"  WITH NO DATA
shared once: ALTER TABLE "MV" ADD COLUMN tenant_id uuid NOT NULL, ALTER COLUMN tenant_id SET DEFAULT tenantry.current_tenant()
shared once: ALTER TABLE "MV" ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE "MV" FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON "MV" USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX "MV_tenantry_idx" ON "MV" (tenant_id)
shared once: CREATE TRIGGER "!tenantry_read_only" BEFORE INSERT OR UPDATE OR DELETE ON "MV" FOR EACH STATEMENT EXECUTE FUNCTION tenantry.only_refreshed()
plain tenant: CREATE MATERIALIZED VIEW IF NOT EXISTS "MV" (x, y) WITH (fillfactor = 70) AS SELECT id, n FROM a WITH NO DATA
"#,
    );
}

#[test]
fn indexed() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"CREATE UNIQUE INDEX ON mv (at); CREATE INDEX CONCURRENTLY mv_many ON mv (many); DROP INDEX mv_many"#,
        r#"
shared once: CREATE UNIQUE INDEX mv_at_idx ON mv USING btree (tenant_id, at)
plain tenant: CREATE UNIQUE INDEX ON mv (at)
shared once alone: CREATE INDEX CONCURRENTLY IF NOT EXISTS mv_many ON mv USING btree (tenant_id, many)
plain tenant alone: CREATE INDEX CONCURRENTLY IF NOT EXISTS mv_many ON mv (many)
shared once: DROP INDEX mv_many
plain tenant: DROP INDEX mv_many
"#,
    );
}

#[test]
fn refreshed() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"REFRESH MATERIALIZED VIEW mv; REFRESH MATERIALIZED VIEW CONCURRENTLY mv; REFRESH MATERIALIZED VIEW mv WITH NO DATA"#,
        r#"
shared tenant: LOCK TABLE mv IN SHARE ROW EXCLUSIVE MODE
shared tenant: DELETE FROM mv
shared tenant: INSERT INTO mv SELECT * FROM tenantry_query_mv
plain tenant: REFRESH MATERIALIZED VIEW mv
shared tenant: LOCK TABLE mv IN SHARE ROW EXCLUSIVE MODE
shared tenant: DELETE FROM mv
shared tenant: INSERT INTO mv SELECT * FROM tenantry_query_mv
plain tenant: REFRESH MATERIALIZED VIEW CONCURRENTLY mv
shared tenant: LOCK TABLE mv IN SHARE ROW EXCLUSIVE MODE
shared tenant: DELETE FROM mv
plain tenant: REFRESH MATERIALIZED VIEW mv WITH NO DATA
"#,
    );
}

#[test]
fn renamed() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"ALTER MATERIALIZED VIEW mv RENAME TO kept; ALTER MATERIALIZED VIEW kept RENAME COLUMN many TO few; REFRESH MATERIALIZED VIEW kept; ALTER MATERIALIZED VIEW kept SET (fillfactor = 50); ALTER MATERIALIZED VIEW kept OWNER TO me"#,
        r#"
shared once: ALTER TABLE mv RENAME TO kept
shared once: ALTER VIEW tenantry_query_mv RENAME TO tenantry_query_kept
plain tenant: ALTER MATERIALIZED VIEW mv RENAME TO kept
shared once: ALTER TABLE kept RENAME COLUMN many TO few
plain tenant: ALTER MATERIALIZED VIEW kept RENAME COLUMN many TO few
shared tenant: LOCK TABLE kept IN SHARE ROW EXCLUSIVE MODE
shared tenant: DELETE FROM kept
shared tenant: INSERT INTO kept SELECT * FROM tenantry_query_kept
plain tenant: REFRESH MATERIALIZED VIEW kept
shared once: ALTER TABLE kept SET (fillfactor=50)
shared once: CREATE INDEX IF NOT EXISTS kept_tenantry_idx ON kept (tenant_id)
plain tenant: ALTER MATERIALIZED VIEW kept SET (fillfactor = 50)
note: OWNER TO is left out: objects belong to Tenantry's owner role
"#,
    );
}

#[test]
fn commented() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"COMMENT ON MATERIALIZED VIEW mv IS 'x'; COMMENT ON COLUMN mv.many IS 'y'"#,
        r#"
shared once: COMMENT ON TABLE mv IS 'x'
plain tenant: COMMENT ON MATERIALIZED VIEW mv IS 'x'
shared once: COMMENT ON COLUMN mv.many IS 'y'
plain tenant: COMMENT ON COLUMN mv.many IS 'y'
"#,
    );
}

#[test]
fn dropped() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"DROP MATERIALIZED VIEW IF EXISTS mv, nothing; CREATE TABLE mv (a int)"#,
        r#"
shared once: DROP TABLE IF EXISTS mv, nothing
shared once: DROP VIEW IF EXISTS tenantry_query_mv CASCADE
shared once: DROP VIEW IF EXISTS tenantry_query_nothing CASCADE
plain tenant: DROP MATERIALIZED VIEW IF EXISTS mv, nothing
shared once: CREATE TABLE mv (a int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE mv ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE mv FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON mv USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX mv_tenantry_idx ON mv (tenant_id)
plain tenant: CREATE TABLE mv (a int)
"#,
    );
}

#[test]
fn dropped_with_what_it_reads() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; CREATE VIEW v AS SELECT * FROM mv;"#,
        r#"DROP TABLE a CASCADE; CREATE VIEW v AS SELECT 1 AS one; CREATE TABLE mv (x int)"#,
        r#"
shared once: DROP TABLE a CASCADE
shared once: DO $tenantry$ BEGIN IF pg_catalog.to_regclass('shared.tenantry_query_mv') IS NULL THEN DROP TABLE IF EXISTS mv CASCADE; END IF; END $tenantry$
plain tenant: DROP TABLE a CASCADE
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT 1 AS one
plain tenant: CREATE VIEW v AS SELECT 1 AS one
shared once: CREATE TABLE mv (x int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE mv ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE mv FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON mv USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX mv_tenantry_idx ON mv (tenant_id)
plain tenant: CREATE TABLE mv (x int)
"#,
    );
}

#[test]
fn dropped_with_a_column() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; CREATE VIEW v AS SELECT n FROM a;"#,
        r#"ALTER TABLE a DROP COLUMN at CASCADE; CREATE OR REPLACE VIEW v AS SELECT n FROM a; CREATE TABLE mv (x int)"#,
        r#"
shared once: ALTER TABLE a DROP at CASCADE
shared once: DO $tenantry$ BEGIN IF pg_catalog.to_regclass('shared.tenantry_query_mv') IS NULL THEN DROP TABLE IF EXISTS mv CASCADE; END IF; END $tenantry$
plain tenant: ALTER TABLE a DROP COLUMN at CASCADE
shared once: CREATE OR REPLACE VIEW v WITH (security_invoker=true) AS SELECT n FROM a
plain tenant: CREATE OR REPLACE VIEW v AS SELECT n FROM a
shared once: CREATE TABLE mv (x int, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant())
shared once: ALTER TABLE mv ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE mv FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON mv USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE INDEX mv_tenantry_idx ON mv (tenant_id)
plain tenant: CREATE TABLE mv (x int)
"#,
    );
}

#[test]
fn views_over_it() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"CREATE VIEW v AS SELECT * FROM mv"#,
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT mv.at, mv.many FROM mv
plain tenant: CREATE VIEW v AS SELECT * FROM mv
"#,
    );
}

#[test]
fn refreshed_in_a_body() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY public.mv; RETURN NULL; END $$"#,
        r#"
shared once: CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN PERFORM tenantry.lock_refresh('shared.mv'); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; RETURN NULL; END $$
plain tenant: CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY shared.mv; RETURN NULL; END $$
"#,
    );
}

#[test]
fn refreshed_by_a_function_that_does_nothing_else() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY mv; RETURN NULL; EXCEPTION WHEN feature_not_supported OR others THEN REFRESH MATERIALIZED VIEW mv; END $$;
           CREATE FUNCTION s() RETURNS void LANGUAGE sql AS 'REFRESH MATERIALIZED VIEW mv WITH NO DATA'"#,
        r#"
shared once: CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN PERFORM tenantry.lock_refresh('shared.mv'); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; RETURN NULL; EXCEPTION WHEN feature_not_supported OR others THEN PERFORM tenantry.lock_refresh('shared.mv'); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; END $$
plain tenant: CREATE FUNCTION r() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY mv; RETURN NULL; EXCEPTION WHEN feature_not_supported OR others THEN REFRESH MATERIALIZED VIEW mv; END $$
note: the function refreshes as its owner, as nobody else may
shared once: CREATE FUNCTION s() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'SELECT tenantry.lock_refresh(''shared.mv''); DELETE FROM shared.mv'
plain tenant: CREATE FUNCTION s() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'REFRESH MATERIALIZED VIEW mv WITH NO DATA'
note: the function refreshes as its owner, as nobody else may
"#,
    );
}

#[test]
fn refreshed_by_a_function_that_does_more() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"CREATE FUNCTION r(i int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF i > 0 THEN REFRESH MATERIALIZED VIEW CONCURRENTLY mv; END IF; REFRESH MATERIALIZED VIEW mv; END $$;
           CREATE FUNCTION s() RETURNS void LANGUAGE sql AS 'DELETE FROM a; REFRESH MATERIALIZED VIEW mv WITH NO DATA';
           CREATE FUNCTION t() RETURNS void LANGUAGE sql SECURITY INVOKER AS 'REFRESH MATERIALIZED VIEW mv'"#,
        r#"
shared once: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_concurrently_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN PERFORM tenantry.lock_refresh(''shared.mv''); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; END'
shared once: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN PERFORM tenantry.lock_refresh(''shared.mv''); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; END'
shared once: CREATE FUNCTION r(i int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF i > 0 THEN PERFORM shared.tenantry_refresh_concurrently_mv(); END IF; PERFORM shared.tenantry_refresh_mv(); END $$
plain tenant: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_concurrently_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY shared.mv; END'
plain tenant: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN REFRESH MATERIALIZED VIEW shared.mv; END'
plain tenant: CREATE FUNCTION r(i int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF i > 0 THEN PERFORM shared.tenantry_refresh_concurrently_mv(); END IF; PERFORM shared.tenantry_refresh_mv(); END $$
note: what the function refreshes is refreshed by a function of the owner's
shared once: CREATE OR REPLACE FUNCTION shared.tenantry_empty_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN PERFORM tenantry.lock_refresh(''shared.mv''); DELETE FROM shared.mv; END'
shared once: CREATE FUNCTION s() RETURNS void LANGUAGE sql AS 'DELETE FROM a; SELECT shared.tenantry_empty_mv()'
plain tenant: CREATE OR REPLACE FUNCTION shared.tenantry_empty_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN REFRESH MATERIALIZED VIEW shared.mv WITH NO DATA; END'
plain tenant: CREATE FUNCTION s() RETURNS void LANGUAGE sql AS 'DELETE FROM a; SELECT shared.tenantry_empty_mv()'
note: what the function refreshes is refreshed by a function of the owner's
shared once: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN PERFORM tenantry.lock_refresh(''shared.mv''); DELETE FROM shared.mv; INSERT INTO shared.mv SELECT * FROM shared.tenantry_query_mv; END'
shared once: CREATE FUNCTION t() RETURNS void LANGUAGE sql SECURITY INVOKER AS 'SELECT shared.tenantry_refresh_mv()'
plain tenant: CREATE OR REPLACE FUNCTION shared.tenantry_refresh_mv() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS 'BEGIN REFRESH MATERIALIZED VIEW shared.mv; END'
plain tenant: CREATE FUNCTION t() RETURNS void LANGUAGE sql SECURITY INVOKER AS 'SELECT shared.tenantry_refresh_mv()'
note: what the function refreshes is refreshed by a function of the owner's
"#,
    );
}

#[test]
fn written_to() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); CREATE MATERIALIZED VIEW mv AS SELECT at, count(*) AS many FROM a GROUP BY at; "#,
        r#"INSERT INTO mv VALUES (now(), 1)"#,
        r#"
m.sql:1:1: it changes the materialized view mv; change what its query reads, and REFRESH it
"#,
    );
}

#[test]
fn refresh_of_a_table() {
    check(
        r#"CREATE TABLE a (id int PRIMARY KEY, n text, at date); "#,
        r#"REFRESH MATERIALIZED VIEW a"#,
        r#"
m.sql:1:1: a is not a materialized view; correct the name
"#,
    );
}
