-- Triggers of the tables and views among $1. The server makes a partition's copy of a trigger by itself; it
-- is listed (head is NULL) where it is switched otherwise than its original.
SELECT g.tableoid AS class, g.oid, c.oid AS parent, 'trigger' AS kind, format('%I.%I', c.relname, g.tgname) AS name,
       format('TRIGGER %I ON %I', g.tgname, c.relname) AS address,
       CASE g.tgparentid WHEN 0 THEN pg_catalog.pg_get_triggerdef(g.oid, true) END AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach,
       CASE WHEN g.tgenabled = COALESCE(p.tgenabled, 'O') THEN '{}'::text[]
           ELSE ARRAY[format('ALTER TABLE %s%I %s TRIGGER %I', CASE c.relkind WHEN 'v' THEN '' ELSE 'ONLY ' END,
                             c.relname,
                             CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                              WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, g.tgname)]
       END AS later,
       quote_literal(pg_catalog.obj_description(g.oid, 'pg_trigger')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
LEFT JOIN pg_catalog.pg_trigger p ON p.oid = g.tgparentid
WHERE (g.tgparentid = 0 OR g.tgenabled <> p.tgenabled)
ORDER BY c.relname COLLATE "C", g.tgname COLLATE "C"
