SELECT quote_ident(r.rolname), format('ALTER ROLE %I CONNECTION LIMIT :connections;', r.rolname)
  FROM pg_roles r
 WHERE r.rolconnlimit = -1 AND r.rolname LIKE 't\_%' AND r.oid IN (SELECT t.oid FROM (:tenants) t)
 ORDER BY 1
