-- Permissive policies are joined by OR: each one opens more. Beside a restrictive boundary they open the tenant's own rows.
SELECT format('%s policy %I', c.oid::regclass, p.polname), format('DROP POLICY %I ON %s;', p.polname, c.oid::regclass)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = to_regnamespace(:'schema') AND p.polname NOT IN ('tenantry', '!tenantry') AND p.polpermissive
   AND EXISTS (SELECT FROM pg_policy b WHERE b.polrelid = c.oid AND b.polname = 'tenantry')
   AND NOT EXISTS (SELECT FROM pg_policy b WHERE b.polrelid = c.oid AND b.polname = '!tenantry')
 ORDER BY 1
