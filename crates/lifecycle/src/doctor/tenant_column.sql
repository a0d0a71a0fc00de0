-- A shared table without the tenant column, or with one that may be empty or is not filled by itself. Rows that are there
-- must be given to their tenants first: the mend refuses to guess.
SELECT c.oid::regclass::text || CASE WHEN a.attnum IS NULL THEN '' ELSE format(' column %I', :'column') END,
       CASE
         WHEN a.attnum IS NULL THEN
           format('ALTER TABLE %1$s ADD COLUMN %2$I :key_type; ALTER TABLE %1$s ALTER COLUMN %2$I SET DEFAULT %3$s, ALTER COLUMN %2$I SET NOT NULL; CREATE POLICY %4$s USING (%2$I = (SELECT %3$s)) WITH CHECK (%2$I = (SELECT %3$s));',
                  c.oid::regclass, :'column', :'current_tenant',
                  format(CASE WHEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)
                              THEN '"!tenantry" ON %s AS RESTRICTIVE' ELSE 'tenantry ON %s' END, c.oid::regclass))
         ELSE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s, ALTER COLUMN %I SET NOT NULL;',
                     c.oid::regclass, :'column', :'current_tenant', :'column')
       END
  FROM pg_class c
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = :'column' AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = to_regnamespace(:'schema') AND c.relkind IN ('r', 'p')
   AND (a.attnum IS NULL OR NOT a.attnotnull
        OR pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM :'current_tenant')
 ORDER BY 1
