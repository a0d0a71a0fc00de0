-- The value of a shared sequence tells how much others write.
SELECT format('%s for %s', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC')),
       format('REVOKE ALL ON SEQUENCE %s FROM %s;', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.relkind = 'S' AND a.grantee <> c.relowner AND c.relnamespace = to_regnamespace(:'schema')
   AND (r.rolname = ANY (:groups) OR r.rolname ~ '^t_[0-9a-f]{32}')
 GROUP BY c.oid, r.rolname ORDER BY 1
