-- Indexes of the tables among $1 that no constraint stands for.
SELECT x.tableoid AS class, x.oid, c.oid AS parent, 'index' AS kind, quote_ident(x.relname) AS name,
       'INDEX ' || quote_ident(x.relname) AS address,
       pg_catalog.pg_get_indexdef(x.oid, 0, true) AS head, NULL AS inline,
       ' TABLESPACE ' || (SELECT quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s
                          WHERE s.oid = x.reltablespace) AS tail,
       ARRAY(SELECT format('ALTER INDEX %s ATTACH PARTITION %I', h.inhparent::regclass, x.relname)
             FROM pg_catalog.pg_inherits h WHERE h.inhrelid = x.oid) AS attach,
       ARRAY(SELECT format('ALTER INDEX %I ALTER COLUMN %s SET STATISTICS %s', x.relname, a.attnum, a.attstattarget)
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = x.oid AND a.attnum > 0 AND COALESCE(a.attstattarget, -1) >= 0
             ORDER BY a.attnum) AS later,
       quote_literal(pg_catalog.obj_description(x.oid, 'pg_class')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE c.relkind IN ('r', 'p', 'm')
  AND (i.indisvalid OR x.relkind = 'I')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                  WHERE k.conrelid = c.oid AND k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY x.relname COLLATE "C"
