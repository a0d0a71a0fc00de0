-- Tables that tenantry.toml calls global, standing where tables of tenants stand.
SELECT c.oid::regclass::text, format('ALTER TABLE %s SET SCHEMA global;', c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname = :'schema' AND c.relname = ANY (:global_tables)
 ORDER BY 1
