-- pg_temp must be named, and last: otherwise it is searched first.
SELECT p.oid::regprocedure::text,
       format('ALTER ROUTINE %s SET search_path = pg_catalog, %I, pg_temp;', p.oid::regprocedure, n.nspname)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prosecdef AND (n.nspname = ANY (:schemas) OR n.nspname IN ('tenantry', 'extensions', 'public')
                        OR n.nspname ~ '^(tenant|blank)_[0-9a-f]{32}$')
   AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s
                    WHERE s ~ '^search_path=.*pg_temp"?$' AND s !~ '\$user|(=|[ ,])"?public"?(,|$)')
   AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = p.proowner AND r.rolname ~ '^t_[0-9a-f]{32}')
 ORDER BY 1
