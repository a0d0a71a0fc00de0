-- Tables and views of pg_catalog by name, of those that initdb gave to everyone.
SELECT 'TABLE' AS kind, 'pg_catalog.' || quote_ident(c.relname) AS name, c.relowner AS owner, c.relacl AS acl
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname LIKE ANY (:patterns)
   AND EXISTS (SELECT FROM pg_catalog.pg_init_privs i, pg_catalog.aclexplode(i.initprivs) a
                WHERE i.objoid = c.oid AND i.classoid = 'pg_catalog.pg_class'::regclass
                  AND a.grantee = 0 AND a.privilege_type = 'SELECT')
