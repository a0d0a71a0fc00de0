SELECT p.oid::regprocedure::text, format('ALTER ROUTINE %s OWNER TO %I;', p.oid::regprocedure, :'owner')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner
 WHERE p.prosecdef AND (r.rolsuper OR r.rolbypassrls AND n.nspname <> 'tenantry')
   AND (n.nspname = ANY (:schemas) OR n.nspname = 'tenantry'
                                       OR n.nspname ~ '^(tenant|blank)_[0-9a-f]{32}$')
 ORDER BY 1
