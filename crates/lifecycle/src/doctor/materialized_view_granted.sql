-- A materialized view knows no row security: it holds rows of all tenants.
SELECT format('%s for %s', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC')),
       format('REVOKE ALL ON %s FROM %s;', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.relkind = 'm' AND c.relnamespace = to_regnamespace(:'schema') AND a.grantee <> c.relowner
 GROUP BY c.oid, r.rolname ORDER BY 1
