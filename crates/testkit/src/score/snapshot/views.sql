SELECT 'query of ' || CASE c.relkind WHEN 'v' THEN 'view' ELSE 'matview' END, c.relname::text, pg_catalog.pg_get_viewdef(c.oid, true)
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND c.relkind IN ('v', 'm') AND $2::text IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
