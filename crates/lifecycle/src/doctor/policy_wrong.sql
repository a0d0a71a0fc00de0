-- The expression as the server prints it, but for spaces and parentheses. `tenantry` is permissive and alone (policy_extra
-- looks at that), `!tenantry` restrictive.
WITH expected AS (
  SELECT format('%I=SELECT%sAS%I', :'column', :'current_tenant', split_part(split_part(:'current_tenant', '.', 2), '(', 1)) AS text
)
SELECT format('%s policy %I', c.oid::regclass, p.polname),
       format('DROP POLICY %I ON %s; CREATE POLICY %s USING (%I = (SELECT %s)) WITH CHECK (%4$I = (SELECT %5$s));',
              p.polname, c.oid::regclass,
              format(CASE WHEN p.polname = '!tenantry' OR EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid
                                                                     AND o.oid <> p.oid AND o.polpermissive)
                          THEN '"!tenantry" ON %s AS RESTRICTIVE' ELSE 'tenantry ON %s' END, c.oid::regclass),
              :'column', :'current_tenant')
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid CROSS JOIN expected e
 WHERE c.relnamespace = to_regnamespace(:'schema') AND p.polname IN ('tenantry', '!tenantry')
   AND (p.polpermissive <> (p.polname = 'tenantry') OR p.polcmd <> '*' OR p.polroles <> ARRAY[0::oid]
        OR translate(pg_get_expr(p.polqual, p.polrelid), ' ()', '') IS DISTINCT FROM translate(e.text, '()', '')
        OR translate(pg_get_expr(p.polwithcheck, p.polrelid), ' ()', '') IS DISTINCT FROM translate(e.text, '()', ''))
 ORDER BY 1
