-- Text search dictionaries and configurations of schema $1.
SELECT t.tableoid AS class, t.oid, NULL::oid AS parent, 'text_search_dictionary' AS kind,
       quote_ident(t.dictname) AS name, 'TEXT SEARCH DICTIONARY ' || quote_ident(t.dictname) AS address,
       format('CREATE TEXT SEARCH DICTIONARY %I (TEMPLATE = %I.%I%s)', t.dictname, n.nspname, m.tmplname,
              ', ' || t.dictinitoption) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(t.oid, 'pg_ts_dict')) AS comment
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_ts_dict t ON t.oid = d.objid
JOIN pg_catalog.pg_ts_template m ON m.oid = t.dicttemplate
JOIN pg_catalog.pg_namespace n ON n.oid = m.tmplnamespace
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
  AND d.classid = 'pg_catalog.pg_ts_dict'::regclass
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
UNION ALL
SELECT c.tableoid, c.oid, NULL::oid, 'text_search_configuration', quote_ident(c.cfgname),
       'TEXT SEARCH CONFIGURATION ' || quote_ident(c.cfgname),
       concat_ws('; ',
           format('CREATE TEXT SEARCH CONFIGURATION %I (PARSER = %I.%I)', c.cfgname, n.nspname, p.prsname),
           (SELECT string_agg(format('ALTER TEXT SEARCH CONFIGURATION %I ADD MAPPING FOR %I WITH %s', c.cfgname,
                                     (SELECT y.alias FROM pg_catalog.ts_token_type(c.cfgparser) AS y
                                      WHERE y.tokid = w.maptokentype), w.dictionaries), '; ' ORDER BY w.maptokentype)
            FROM (SELECT m.maptokentype,
                         string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) AS w)),
       NULL, NULL, '{}'::text[], '{}'::text[],
       quote_literal(pg_catalog.obj_description(c.oid, 'pg_ts_config'))
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_ts_config c ON c.oid = d.objid
JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
  AND d.classid = 'pg_catalog.pg_ts_config'::regclass
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
ORDER BY 4, 5
