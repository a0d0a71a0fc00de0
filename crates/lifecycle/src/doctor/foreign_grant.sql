-- A tenant's login has something granted outside its own schema, or a group has something in a tenant's schema.
-- (CREATE is another finding's.)
WITH objects (kind, name, schema, owner, acl) AS (
  SELECT 'SCHEMA', quote_ident(n.nspname), n.nspname, n.nspowner, n.nspacl FROM pg_namespace n
  UNION ALL
  SELECT 'TABLE', c.oid::regclass::text, n.nspname, c.relowner, c.relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT 'ROUTINE', p.oid::regprocedure::text, n.nspname, p.proowner, p.proacl FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname <> 'pg_catalog'
)
SELECT DISTINCT format('%s %s for %I', lower(o.kind), o.name, r.rolname),
       format('REVOKE ALL ON %s %s FROM %I;', o.kind, o.name, r.rolname)
  FROM objects o CROSS JOIN LATERAL aclexplode(o.acl) a
       -- Not a join: catalogs are seldom analyzed, and thousands of roles would be tried with every object.
       CROSS JOIN LATERAL pg_get_userbyid(a.grantee) r (rolname)
 WHERE (r.rolname ~ '^t_[0-9a-f]{32}' AND NOT :own_database AND o.schema <> 'tenant_' || substr(r.rolname, 3, 32)
         OR r.rolname = ANY (:groups) AND o.schema ~ '^(tenant|blank)_[0-9a-f]{32}$')
   AND a.grantee <> o.owner AND NOT (o.kind = 'SCHEMA' AND a.privilege_type = 'CREATE')
 ORDER BY 1
