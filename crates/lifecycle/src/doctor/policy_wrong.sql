-- The expression as the server prints it, but for spaces and parentheses. Permissive or restrictive: policy_extra looks at
-- what stands beside it.
WITH expected AS (
  SELECT format('%I=SELECT%sAS%I', :'column', :'current_tenant', split_part(split_part(:'current_tenant', '.', 2), '(', 1)) AS text
)
SELECT c.oid::regclass::text || ' policy tenantry',
       format('DROP POLICY tenantry ON %1$s; CREATE POLICY tenantry ON %1$s%4$s USING (%2$I = (SELECT %3$s)) WITH CHECK (%2$I = (SELECT %3$s));',
              c.oid::regclass, :'column', :'current_tenant', CASE WHEN NOT p.polpermissive OR EXISTS (
                SELECT FROM pg_policy o WHERE o.polrelid = c.oid AND o.polname <> 'tenantry' AND o.polpermissive) THEN ' AS RESTRICTIVE' END)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid CROSS JOIN expected e
 WHERE c.relnamespace = to_regnamespace(:'schema') AND p.polname = 'tenantry'
   AND (p.polcmd <> '*' OR p.polroles <> ARRAY[0::oid]
        OR translate(pg_get_expr(p.polqual, p.polrelid), ' ()', '') IS DISTINCT FROM translate(e.text, '()', '')
        OR translate(pg_get_expr(p.polwithcheck, p.polrelid), ' ()', '') IS DISTINCT FROM translate(e.text, '()', ''))
 ORDER BY 1
