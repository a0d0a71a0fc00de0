-- Rules of the tables and views among $1, apart from the one that makes a view a view.
SELECT r.tableoid AS class, r.oid, c.oid AS parent, 'rule' AS kind, format('%I.%I', c.relname, r.rulename) AS name,
       format('RULE %I ON %I', r.rulename, c.relname) AS address,
       rtrim(pg_catalog.pg_get_ruledef(r.oid, true), ';') AS head, NULL AS inline, NULL AS tail,
       '{}'::text[] AS attach,
       CASE r.ev_enabled WHEN 'O' THEN '{}'::text[]
           ELSE ARRAY[format('ALTER TABLE %I %s RULE %I', c.relname,
                             CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                               ELSE 'ENABLE ALWAYS' END, r.rulename)] END AS later,
       quote_literal(pg_catalog.obj_description(r.oid, 'pg_rewrite')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
WHERE r.rulename <> '_RETURN'
ORDER BY c.relname COLLATE "C", r.rulename COLLATE "C"
