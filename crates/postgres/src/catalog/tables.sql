-- Tables and partitioned tables among $1. Columns and checks come from their own queries.
SELECT c.tableoid AS class, c.oid, NULL::oid AS parent, 'table' AS kind, quote_ident(c.relname) AS name,
       'TABLE ' || quote_ident(c.relname) AS address,
       format('CREATE %sTABLE %I', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.relname) AS head,
       NULL AS inline,
       concat(
           ' INHERITS (' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
                             FROM pg_catalog.pg_inherits i
                             WHERE i.inhrelid = c.oid AND NOT c.relispartition) || ')',
           ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid),
           ' USING ' || (SELECT quote_ident(m.amname) FROM pg_catalog.pg_am m
                         WHERE m.oid = c.relam AND m.amname <> 'heap'),
           ' WITH (' || (
               SELECT string_agg(o.prefix || format('%I=%L', split_part(o.item, '=', 1),
                                                   substr(o.item, strpos(o.item, '=') + 1)), ', '
                                 ORDER BY o.prefix, o.place)
               FROM (SELECT '' AS prefix, u.item, u.place
                     FROM unnest(c.reloptions) WITH ORDINALITY AS u (item, place)
                     UNION ALL
                     SELECT 'toast.', u.item, u.place
                     FROM pg_catalog.pg_class t, unnest(t.reloptions) WITH ORDINALITY AS u (item, place)
                     WHERE t.oid = c.reltoastrelid) AS o) || ')',
           ' TABLESPACE ' || (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s
                              WHERE s.oid = c.reltablespace)) AS tail,
       CASE WHEN c.relispartition THEN (
           SELECT ARRAY[format('ALTER TABLE ONLY %s ATTACH PARTITION %I %s', i.inhparent::regclass, c.relname,
                               pg_catalog.pg_get_expr(c.relpartbound, c.oid))]
           FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
       ELSE '{}' END AS attach,
       array_remove(ARRAY[
           CASE WHEN c.relreplident = 'f' THEN format('ALTER TABLE ONLY %I REPLICA IDENTITY FULL', c.relname)
                WHEN c.relreplident = 'n' THEN format('ALTER TABLE ONLY %I REPLICA IDENTITY NOTHING', c.relname)
                WHEN c.relreplident = 'i' THEN (
                    SELECT format('ALTER TABLE ONLY %I REPLICA IDENTITY USING INDEX %I', c.relname, x.relname)
                    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                    WHERE i.indrelid = c.oid AND i.indisreplident) END,
           (SELECT format('ALTER TABLE %I CLUSTER ON %I', c.relname, x.relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisclustered),
           CASE WHEN c.relrowsecurity THEN format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', c.relname) END,
           CASE WHEN c.relforcerowsecurity THEN format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', c.relname) END
       ], NULL) AS later,
       quote_literal(pg_catalog.obj_description(c.oid, 'pg_class')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C"
