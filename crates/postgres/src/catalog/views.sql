-- Views and materialized views among $1. A materialized view is filled once all rows are there.
SELECT c.tableoid AS class, c.oid, NULL::oid AS parent,
       CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized_view' END AS kind, quote_ident(c.relname) AS name,
       format('%s %I', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.relname) AS address,
       concat('CREATE ', CASE c.relkind WHEN 'v' THEN 'VIEW ' ELSE 'MATERIALIZED VIEW ' END, quote_ident(c.relname),
              ' USING ' || (SELECT quote_ident(m.amname) FROM pg_catalog.pg_am m
                            WHERE m.oid = c.relam AND m.amname <> 'heap'),
              ' WITH (' || (SELECT string_agg(format('%I=%L', split_part(o.item, '=', 1),
                                                     substr(o.item, strpos(o.item, '=') + 1)), ', ' ORDER BY o.place)
                            FROM unnest(c.reloptions) WITH ORDINALITY AS o (item, place)) || ')',
              ' TABLESPACE ' || (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s
                                 WHERE s.oid = c.reltablespace),
              ' AS ', rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'),
              CASE c.relkind WHEN 'm' THEN ' WITH NO DATA' END) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach,
       array_remove(ARRAY[
           (SELECT format('ALTER MATERIALIZED VIEW %I CLUSTER ON %I', c.relname, x.relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisclustered),
           CASE WHEN c.relkind = 'm' AND c.relispopulated THEN
               format('REFRESH MATERIALIZED VIEW %I', c.relname) END], NULL) AS later,
       quote_literal(pg_catalog.obj_description(c.oid, 'pg_class')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE c.relkind IN ('v', 'm')
ORDER BY c.relname COLLATE "C"
