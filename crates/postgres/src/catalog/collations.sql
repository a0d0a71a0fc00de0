-- Collations among $1. Columns of pg_collation differ between versions 15 and 18, hence to_jsonb.
SELECT k.tableoid AS class, k.oid, NULL::oid AS parent, 'collation' AS kind, quote_ident(k.collname) AS name,
       'COLLATION ' || quote_ident(k.collname) AS address,
       format('CREATE COLLATION %I (%s)', k.collname, concat_ws(', ',
           'PROVIDER = ' || CASE k.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
           CASE WHEN NOT k.collisdeterministic THEN 'DETERMINISTIC = false' END,
           'LOCALE = ' || quote_literal(COALESCE(j.v ->> 'colllocale', j.v ->> 'colliculocale')),
           'LC_COLLATE = ' || quote_literal(j.v ->> 'collcollate'),
           'LC_CTYPE = ' || quote_literal(j.v ->> 'collctype'),
           'RULES = ' || quote_literal(j.v ->> 'collicurules'))) AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(k.oid, 'pg_collation')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_collation k ON k.oid = d.objid
CROSS JOIN LATERAL (SELECT to_jsonb(k) AS v) AS j
ORDER BY k.collname COLLATE "C"
