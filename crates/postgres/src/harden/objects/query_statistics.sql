-- What the extension pg_stat_statements has, wherever it was installed.
SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner,
       coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) AS acl
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_stat_statements'
  JOIN pg_catalog.pg_proc p ON p.oid = d.objid
 WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_init_privs i
                    WHERE i.objoid = p.oid AND i.classoid = 'pg_catalog.pg_proc'::regclass)
UNION ALL
SELECT 'TABLE', c.oid::regclass::text, c.relowner, coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_stat_statements'
  JOIN pg_catalog.pg_class c ON c.oid = d.objid
 WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'
