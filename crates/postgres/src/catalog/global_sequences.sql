-- Sequences of schema global.
SELECT c.relname::text AS name
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'global' AND c.relkind = 'S'
ORDER BY c.relname COLLATE "C"
