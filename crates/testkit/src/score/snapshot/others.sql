-- What a database has beside the schema.
SELECT 'schema', nspname::text, '' FROM pg_catalog.pg_namespace
 WHERE nspname !~ '^(pg_|information_schema$)' AND nspname <> $1 AND $2::text IS NOT NULL
