-- Rules of the tables and views of schema $1, apart from the one that makes a view a view.
SELECT r.tableoid AS class, r.oid, c.oid AS parent, 'rule' AS kind, format('%I.%I', c.relname, r.rulename) AS name,
       format('RULE %I ON %I', r.rulename, c.relname) AS address,
       rtrim(pg_catalog.pg_get_ruledef(r.oid, true), ';') AS head, NULL AS inline, NULL AS tail,
       '{}'::text[] AS attach,
       CASE r.ev_enabled WHEN 'O' THEN '{}'::text[]
           ELSE ARRAY[format('ALTER TABLE %I %s RULE %I', c.relname,
                             CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                               ELSE 'ENABLE ALWAYS' END, r.rulename)] END AS later,
       quote_literal(pg_catalog.obj_description(r.oid, 'pg_rewrite')) AS comment
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
  AND d.classid = 'pg_catalog.pg_class'::regclass
  AND r.rulename <> '_RETURN'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
ORDER BY c.relname COLLATE "C", r.rulename COLLATE "C"
