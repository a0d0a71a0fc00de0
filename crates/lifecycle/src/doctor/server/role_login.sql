SELECT quote_ident(r.rolname), format('ALTER ROLE %I NOLOGIN;', r.rolname)
  FROM pg_roles r
 WHERE r.rolcanlogin AND r.rolname <> :'app_role'
   AND (r.rolname = ANY (:roles) OR r.rolname LIKE 'o\_%' AND r.oid IN (SELECT t.oid FROM (:tenants) t))
 ORDER BY 1
