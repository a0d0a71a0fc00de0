-- Anything of ours that everyone holds a privilege on; a routine without a list of privileges is everyone's.
WITH objects (kind, name, schema, owner, acl) AS (
  SELECT 'SCHEMA', quote_ident(n.nspname), n.nspname, n.nspowner, n.nspacl FROM pg_namespace n
  UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, n.nspname, c.relowner, c.relacl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT 'ROUTINE', p.oid::regprocedure::text, n.nspname, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
)
SELECT DISTINCT format('%s %s', lower(o.kind), o.name), format('REVOKE ALL ON %s %s FROM PUBLIC;', o.kind, o.name)
  FROM objects o CROSS JOIN LATERAL aclexplode(o.acl) a JOIN pg_roles owner ON owner.oid = o.owner
 WHERE a.grantee = 0 AND owner.rolname !~ '^t_[0-9a-f]{32}'
   AND (o.schema = ANY (:schemas) OR o.schema = 'tenantry' OR o.schema = 'extensions' AND o.kind = 'SCHEMA'
        OR o.schema ~ '^(tenant|blank)_[0-9a-f]{32}$')
 ORDER BY 1
