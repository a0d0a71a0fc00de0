-- Text search dictionaries among $1.
SELECT t.tableoid AS class, t.oid, NULL::oid AS parent, 'text_search_dictionary' AS kind,
       quote_ident(t.dictname) AS name, 'TEXT SEARCH DICTIONARY ' || quote_ident(t.dictname) AS address,
       format('CREATE TEXT SEARCH DICTIONARY %I (TEMPLATE = %I.%I%s)', t.dictname, n.nspname, m.tmplname,
              ', ' || t.dictinitoption) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(t.oid, 'pg_ts_dict')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_ts_dict t ON t.oid = d.objid
JOIN pg_catalog.pg_ts_template m ON m.oid = t.dicttemplate
JOIN pg_catalog.pg_namespace n ON n.oid = m.tmplnamespace
ORDER BY t.dictname COLLATE "C"
