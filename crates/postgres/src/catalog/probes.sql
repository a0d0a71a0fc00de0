-- The texts of two queries over the objects of schema $1: which tables hold rows, and where the sequences stand.
SELECT (SELECT string_agg(format('SELECT %s::oid AS relation WHERE EXISTS (SELECT FROM ONLY %I.%I)',
                                 c.oid, n.nspname, c.relname), ' UNION ALL ' ORDER BY c.relname COLLATE "C")
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid
          AND d.classid = 'pg_catalog.pg_class'::regclass AND c.relkind = 'r'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                          WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')) AS rows,
       (SELECT string_agg(format('SELECT quote_ident(%L) AS name, last_value, is_called FROM %I.%I',
                                 c.relname, n.nspname, c.relname), ' UNION ALL ' ORDER BY c.relname COLLATE "C")
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid
          AND d.classid = 'pg_catalog.pg_class'::regclass AND c.relkind = 'S'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                          WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')) AS sequences
FROM pg_catalog.pg_namespace n
WHERE n.oid = $1
