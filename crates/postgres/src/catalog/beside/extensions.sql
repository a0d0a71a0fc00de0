-- The extensions of the database, with their schemas and versions.
SELECT quote_ident(e.extname) AS name, quote_ident(n.nspname) AS schema, e.extversion AS version
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
ORDER BY e.extname COLLATE "C"
