-- Functions of pg_catalog by name (a pattern with parentheses names one signature), but for those that initdb closed
-- itself: they are in pg_init_privs.
SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner,
       coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) AS acl
  FROM pg_catalog.pg_proc p
 WHERE p.pronamespace = 'pg_catalog'::regnamespace
   -- The names first: printing the signature of every function is slow.
   AND p.proname LIKE ANY (:names)
   AND (p.proname LIKE ANY (:patterns) OR p.oid::regprocedure::text = ANY (:patterns))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_init_privs i
                    WHERE i.objoid = p.oid AND i.classoid = 'pg_catalog.pg_proc'::regclass)
