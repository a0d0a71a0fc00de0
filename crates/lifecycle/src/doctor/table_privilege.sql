-- TRUNCATE knows no row security, REFERENCES probes others' keys, TRIGGER plants code, MAINTAIN takes locks.
SELECT format('%s: %s for %s', c.oid::regclass, a.privilege_type, coalesce(quote_ident(r.rolname), 'PUBLIC')),
       format('REVOKE %s ON %s FROM %s;', a.privilege_type, c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE n.nspname IN ('shared', 'global') AND c.relkind IN ('r', 'p', 'v', 'f')
   AND a.grantee <> c.relowner AND a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
   AND (r.rolname = ANY (:groups) OR r.rolname ~ '^t_[0-9a-f]{32}')
 ORDER BY 1
