-- Schemas beside the one that every database has.
SELECT nspname::text FROM pg_catalog.pg_namespace
 WHERE nspname !~ '^(pg_|information_schema$)' AND nspname <> 'public' ORDER BY nspname
