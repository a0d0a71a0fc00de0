-- psql, by its own commands. The environment is that of ../python/script.py. A statement that fails leaves `must_ok` as it is: false.
\set QUIET on
\getenv run RUN
\getenv tenant TENANT
\getenv isolation ISOLATION
\pset format unaligned
\pset tuples_only on
\pset pager off
-- Tells whether the check of the name :check is true.
\set must_ok false
\set must '\\gset must_ \\\\ \\if :must_ok \\echo ok :check \\else \\echo FAIL :check \\endif \\set must_ok false'

DELETE FROM items WHERE run = :'run';

\set check connects
SELECT current_setting('application_name') = 'psql' AS ok :must

\set check types
INSERT INTO items (run, sku, owner, qty, big, ratio, amount, is_on, token, taken, day, data, tags, raw, note)
VALUES (:'run', 'types', :'tenant', 7, 4611686018427387904, 0.1, 12.50, true, '7c9e6679-7425-40de-944b-e07fc1f90ae7',
        '2024-02-29 12:30:15.123456+00', '2024-02-29', '{"a": [1, null, "ü"]}', ARRAY['a', 'b c', NULL, '"'], '\x00ff', E'✓ ''"\\');
SELECT data->'a'->>2 = 'ü' AND tags[2] = 'b c' AND raw = '\x00ff' AND note = E'✓ ''"\\' AS ok FROM items WHERE run = :'run' AND sku = 'types' :must

\set check transactions
BEGIN;
INSERT INTO items (run, sku, owner) VALUES (:'run', 'gone', :'tenant');
ROLLBACK;
BEGIN;
INSERT INTO items (run, sku, owner) VALUES (:'run', 'outer', :'tenant');
SAVEPOINT one;
INSERT INTO items (run, sku, owner) VALUES (:'run', 'inner', :'tenant');
ROLLBACK TO SAVEPOINT one;
COMMIT;
SELECT array_agg(sku ORDER BY sku) = ARRAY['outer', 'types'] AS ok FROM items WHERE run = :'run' :must

\set check rolls_back_one
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO items (run, sku, owner) VALUES (:'run', 'before', :'tenant');
\o /dev/null
SELECT 1 / 0;
\o
\set told :LAST_ERROR_SQLSTATE
INSERT INTO items (run, sku, owner) VALUES (:'run', 'after', :'tenant');
COMMIT;
\set ON_ERROR_ROLLBACK off
SELECT count(*) = 2 AND :'told' = '22012' AS ok FROM items WHERE run = :'run' AND sku IN ('before', 'after') :must

\set check prepared
PREPARE plus (int) AS SELECT $1 + 1 = 8 AS ok;
BEGIN;
EXECUTE plus (7);
COMMIT;
EXECUTE plus (7) :must
DEALLOCATE plus;

\set check copies
SELECT :'isolation' = 'shared' AS shared \gset
\if :shared
\copy items (run, sku, owner, qty) FROM PROGRAM 'printf "%s\tcopied\t%s\t1" "$RUN" "$TENANT"'
SELECT :'LAST_ERROR_SQLSTATE' = '0A000' AS ok :must
\else
\copy items (run, sku, owner, qty) FROM PROGRAM 'seq 1 3000 | sed "s/.*/$RUN\tcopied&\t$TENANT\t&/"'
SELECT count(*) = 3000 AS ok FROM items WHERE run = :'run' AND sku LIKE 'copied%' :must
\endif
\copy (SELECT DISTINCT owner FROM items) TO PROGRAM 'grep -qx "$TENANT" && echo ok copies_out || echo FAIL copies_out'

\set check cursors
\set FETCH_COUNT 7
\o /dev/null
SELECT n FROM generate_series(1, 100) n;
\o
\unset FETCH_COUNT
BEGIN;
DECLARE pages CURSOR FOR SELECT n FROM generate_series(1, 100) n;
MOVE 98 FROM pages;
FETCH 1 FROM pages \gset
COMMIT;
SELECT :n = 99 AND :ROW_COUNT = 0 AS ok :must

\set check settings
SET TimeZone = 'America/New_York';
SET search_path = public;
SELECT current_setting('TimeZone') = 'America/New_York' AS ok :must
SELECT current_setting('TimeZone') = 'America/New_York' AND count(*) > 0 AND bool_and(owner = :'tenant') AS ok FROM items :must
RESET TimeZone;

\set check several_statements
SELECT 1 \; SELECT 2 \; SELECT count(*) = 2 AS ok FROM items WHERE run = :'run' AND sku IN ('before', 'after') :must

\set check upserts
INSERT INTO items (run, sku, owner, qty) VALUES (:'run', 'upsert', :'tenant', 2) ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty;
INSERT INTO items (run, sku, owner, qty) VALUES (:'run', 'upsert', :'tenant', 2) ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty = 4 AS ok :must

\set check describes
\o /dev/null
\d items
\dt
\d+
\df
\l
\o
SELECT true AS ok :must

\set check large
SELECT length(repeat('x', 1000000)) = 1000000 AND length(:'tenant' || repeat('y', 1000000)) > 1000000 AS ok :must
