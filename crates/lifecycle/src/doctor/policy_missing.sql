-- Beside permissive policies of the app the boundary must be restrictive.
SELECT c.oid::regclass::text,
       format('CREATE POLICY %s USING (%I = (SELECT %s)) WITH CHECK (%I = (SELECT %s));',
              format(CASE WHEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)
                          THEN '"!tenantry" ON %s AS RESTRICTIVE' ELSE 'tenantry ON %s' END, c.oid::regclass),
              :'column', :'current_tenant', :'column', :'current_tenant')
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace(:'schema') AND c.relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname IN ('tenantry', '!tenantry'))
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = :'column' AND NOT a.attisdropped)
 ORDER BY 1
