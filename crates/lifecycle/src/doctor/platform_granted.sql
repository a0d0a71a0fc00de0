-- Tables of Tenantry's own are the platform's alone.
SELECT format('%s for %s', c.oid::regclass, quote_ident(r.rolname)),
       format('REVOKE ALL ON %s FROM %I;', c.oid::regclass, r.rolname)
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.relkind IN ('r', 'p', 'v', 'S') AND c.relnamespace = to_regnamespace('tenantry')
   AND a.grantee <> c.relowner AND (r.rolname = ANY (:groups) OR r.rolname ~ '^t_[0-9a-f]{32}')
 GROUP BY c.oid, r.rolname ORDER BY 1
