-- What CREATE INDEX CONCURRENTLY left behind. An index of a partitioned table is invalid until every partition has its part.
SELECT pg_catalog.format('DROP INDEX %s', i.indexrelid::regclass)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND NOT i.indisvalid AND c.relkind = 'i'
