-- $1 role, $2 its own schema. What the role can reach in schemas of others.
SELECT n.nspname || '.' || c.relname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^(pg_|information_schema$|tenantry$|global$|extensions$)'
   AND pg_catalog.has_schema_privilege($1, n.oid, 'USAGE')
   AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege($1, c.oid, 'USAGE,SELECT,UPDATE') AND n.nspname <> 'shared'
            WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f') THEN
              pg_catalog.has_any_column_privilege($1, c.oid, 'SELECT,INSERT,UPDATE') OR pg_catalog.has_table_privilege($1, c.oid, 'DELETE,TRUNCATE')
            ELSE false END
   AND n.nspname <> $2
UNION ALL
-- In shared tables only what row-level security filters.
SELECT n.nspname || '.' || c.relname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'shared' AND $2 = 'shared'
   AND (pg_catalog.has_any_column_privilege($1, c.oid, 'SELECT,INSERT,UPDATE') OR pg_catalog.has_table_privilege($1, c.oid, 'DELETE,TRUNCATE'))
   AND (c.relkind IN ('m', 'f') OR c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity))
ORDER BY 1
