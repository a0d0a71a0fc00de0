-- The app's policies without their roles: tenants have one login, which stands for those that they name. In shared tables
-- ($2) row-level security is always on; the form of the tenants' policy tells whether the app has asked for it.
SELECT 'policy', c.relname || '.' || p.polname,
       concat_ws(' ', p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, c.oid, true), 'check',
                 pg_catalog.pg_get_expr(p.polwithcheck, c.oid, true))
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND p.polname NOT IN ('tenantry', '!tenantry', 'tenantry_open')
UNION ALL
SELECT 'row security', c.relname, 'enabled'
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1)
   AND CASE WHEN $2 = '' THEN c.relrowsecurity
            ELSE EXISTS (SELECT FROM pg_catalog.pg_policy p
                          WHERE p.polrelid = c.oid AND p.polname = '!tenantry' AND NOT p.polpermissive)
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p
                                  WHERE p.polrelid = c.oid AND p.polname = 'tenantry_open' AND p.polroles = ARRAY[0::oid]) END
