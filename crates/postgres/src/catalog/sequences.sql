-- Sequences among $1. One of an identity column is made with its table (head is NULL); its comment is not.
SELECT c.tableoid AS class, c.oid, NULL::oid AS parent, 'sequence' AS kind, quote_ident(c.relname) AS name,
       'SEQUENCE ' || quote_ident(c.relname) AS address,
       CASE WHEN i.objid IS NULL THEN
           format('CREATE %sSEQUENCE %I AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
                  CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.relname,
                  format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
                  CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) END AS head,
       NULL AS inline, NULL AS tail,
       ARRAY(SELECT format('ALTER SEQUENCE %I OWNED BY %s.%I', c.relname, o.refobjid::regclass, a.attname)
             FROM pg_catalog.pg_depend o
             JOIN pg_catalog.pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
             WHERE o.classid = c.tableoid AND o.objid = c.oid AND o.deptype = 'a'
               AND o.refclassid = c.tableoid) AS attach,
       '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(c.oid, 'pg_class')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_catalog.pg_depend i ON i.classid = c.tableoid AND i.objid = c.oid AND i.deptype = 'i'
ORDER BY c.relname COLLATE "C"
