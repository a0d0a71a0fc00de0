-- Text search configurations among $1, with their mappings.
SELECT c.tableoid AS class, c.oid, NULL::oid AS parent, 'text_search_configuration' AS kind,
       quote_ident(c.cfgname) AS name, 'TEXT SEARCH CONFIGURATION ' || quote_ident(c.cfgname) AS address,
       concat_ws('; ',
           format('CREATE TEXT SEARCH CONFIGURATION %I (PARSER = %I.%I)', c.cfgname, n.nspname, p.prsname),
           (SELECT string_agg(format('ALTER TEXT SEARCH CONFIGURATION %I ADD MAPPING FOR %I WITH %s', c.cfgname,
                                     (SELECT y.alias FROM pg_catalog.ts_token_type(c.cfgparser) AS y
                                      WHERE y.tokid = w.maptokentype), w.dictionaries), '; ' ORDER BY w.maptokentype)
            FROM (SELECT m.maptokentype,
                         string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) AS w)) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(c.oid, 'pg_ts_config')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_ts_config c ON c.oid = d.objid
JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace
ORDER BY c.cfgname COLLATE "C"
