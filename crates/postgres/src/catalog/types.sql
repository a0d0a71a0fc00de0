-- Enums, composite types, ranges and domains among $1.
SELECT t.tableoid AS class, t.oid, NULL::oid AS parent,
       CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' ELSE 'domain' END AS kind,
       quote_ident(t.typname) AS name,
       format('%s %I', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typname) AS address,
       CASE t.typtype
           WHEN 'e' THEN format('CREATE TYPE %I AS ENUM (%s)', t.typname,
               (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))
           WHEN 'c' THEN format('CREATE TYPE %I AS (%s)', t.typname,
               (SELECT string_agg(concat(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)),
                                         ' COLLATE ' || (
                                             SELECT CASE WHEN pg_catalog.pg_collation_is_visible(k.oid)
                                                         THEN quote_ident(k.collname)
                                                         ELSE format('%I.%I', n.nspname, k.collname) END
                                             FROM pg_catalog.pg_collation k
                                             JOIN pg_catalog.pg_namespace n ON n.oid = k.collnamespace
                                             WHERE k.oid = a.attcollation AND a.attcollation <> b.typcollation)),
                                  ', ' ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type b ON b.oid = a.atttypid
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
           WHEN 'r' THEN (
               SELECT format('CREATE TYPE %I AS RANGE (%s)', t.typname, concat_ws(', ',
                   'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
                   (SELECT format('SUBTYPE_OPCLASS = %I.%I', n.nspname, o.opcname)
                    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
                    WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
                   (SELECT format('COLLATION = %I.%I', n.nspname, k.collname)
                    FROM pg_catalog.pg_collation k JOIN pg_catalog.pg_namespace n ON n.oid = k.collnamespace
                    JOIN pg_catalog.pg_type b ON b.oid = r.rngsubtype
                    WHERE k.oid = r.rngcollation AND r.rngcollation <> b.typcollation),
                   CASE WHEN r.rngsubdiff <> 0 THEN format('SUBTYPE_DIFF = %s', r.rngsubdiff) END,
                   (SELECT format('MULTIRANGE_TYPE_NAME = %I', m.typname)
                    FROM pg_catalog.pg_type m WHERE m.oid = r.rngmultitypid)))
               FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
           ELSE concat(format('CREATE DOMAIN %I AS %s', t.typname, format_type(t.typbasetype, t.typtypmod)),
               ' COLLATE ' || (
                   SELECT CASE WHEN pg_catalog.pg_collation_is_visible(k.oid) THEN quote_ident(k.collname)
                          ELSE format('%I.%I', n.nspname, k.collname) END
                   FROM pg_catalog.pg_collation k
                   JOIN pg_catalog.pg_namespace n ON n.oid = k.collnamespace
                   JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
                   WHERE k.oid = t.typcollation AND t.typcollation <> b.typcollation),
               ' DEFAULT ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0),
               CASE WHEN t.typnotnull THEN concat(
                   ' CONSTRAINT ' || (SELECT quote_ident(nullif(k.conname, t.typname || '_not_null'))
                                      FROM pg_catalog.pg_constraint k
                                      WHERE k.contypid = t.oid AND k.contype = 'n'),
                   ' NOT NULL') END)
       END AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(t.oid, 'pg_type')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_type t ON t.oid = d.objid
WHERE t.typtype IN ('e', 'c', 'r', 'd')
ORDER BY t.typname COLLATE "C"
