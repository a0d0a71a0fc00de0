-- Extended statistics among $1. The server prints their own name with the schema: that prefix is taken off.
SELECT s.tableoid AS class, s.oid, s.stxrelid AS parent, 'statistics' AS kind, quote_ident(s.stxname) AS name,
       'STATISTICS ' || quote_ident(s.stxname) AS address,
       'CREATE STATISTICS ' || substr(pg_catalog.pg_get_statisticsobjdef(s.oid),
                                      length(format('CREATE STATISTICS %I.', n.nspname)) + 1) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach,
       CASE WHEN COALESCE((to_jsonb(s) ->> 'stxstattarget')::int, -1) < 0 THEN '{}'::text[]
           ELSE ARRAY[format('ALTER STATISTICS %I SET STATISTICS %s', s.stxname, to_jsonb(s) ->> 'stxstattarget')]
       END AS later,
       quote_literal(pg_catalog.obj_description(s.oid, 'pg_statistic_ext')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_statistic_ext s ON s.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
ORDER BY s.stxname COLLATE "C"
