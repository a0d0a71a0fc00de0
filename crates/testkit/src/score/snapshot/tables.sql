-- $1 schema, $2 tenant column. Kind, name, definition.
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview' ELSE 'foreign table' END,
       c.relname::text,
       pg_catalog.concat_ws(' ',
         c.relkind, 'persistence', c.relpersistence, 'replica', c.relreplident,
         'options', (SELECT pg_catalog.string_agg(o, ',' ORDER BY o) FROM pg_catalog.unnest(c.reloptions) o WHERE o NOT LIKE 'security_invoker%'),
         'partition by', CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
         'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
         'parents', (SELECT pg_catalog.string_agg(p.relname, ',' ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i
                       JOIN pg_catalog.pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid),
         'of', CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype END)
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1)
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND $2::text IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
