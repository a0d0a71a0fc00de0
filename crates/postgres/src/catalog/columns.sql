-- Columns of the tables, partitioned tables, views and materialized views among $1.
SELECT c.tableoid AS class, c.oid AS relation, c.relkind::text AS relkind, quote_ident(c.relname) AS table,
       quote_ident(a.attname) AS column, a.attnum AS number,
       concat(format_type(a.atttypid, a.atttypmod),
              CASE a.attcompression WHEN 'p' THEN ' COMPRESSION pglz' WHEN 'l' THEN ' COMPRESSION lz4' END,
              ' COLLATE ' || (
                  SELECT CASE WHEN pg_catalog.pg_collation_is_visible(k.oid) THEN quote_ident(k.collname)
                         ELSE format('%I.%I', n.nspname, k.collname) END
                  FROM pg_catalog.pg_collation k JOIN pg_catalog.pg_namespace n ON n.oid = k.collnamespace
                  WHERE k.oid = a.attcollation AND a.attcollation <> t.typcollation)) AS type,
       CASE WHEN q.oid IS NOT NULL THEN
           format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %I INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s)',
                  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                  q.relname, s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
                  CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) END AS identity,
       f.oid AS default_oid, a.attgenerated::text AS generated,
       CASE a.attgenerated WHEN '' THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid)
            WHEN 's' THEN format('GENERATED ALWAYS AS (%s) STORED', pg_catalog.pg_get_expr(f.adbin, f.adrelid))
            ELSE format('GENERATED ALWAYS AS (%s) VIRTUAL', pg_catalog.pg_get_expr(f.adbin, f.adrelid))
       END AS expression,
       -- Since version 18 NOT NULL is a constraint with a name; an automatic name is left to the server.
       a.attnotnull OR n.oid IS NOT NULL AS not_null,
       quote_ident(nullif(n.conname, c.relname || '_' || a.attname || '_not_null')) AS not_null_name,
       n.oid IS NOT NULL AS not_null_is_constraint,
       COALESCE(n.connoinherit, false) AS not_null_no_inherit,
       COALESCE(n.conislocal, a.attislocal OR NOT EXISTS (
           SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent
           WHERE i.inhrelid = c.oid AND p.attname = a.attname AND p.attnotnull)) AS not_null_local,
       -- What a child inherits is as valid as what it is inherited from, like a check.
       COALESCE(n.convalidated OR NOT (n.conislocal OR c.relispartition), true) AS not_null_valid,
       c.relispartition AS partition,
       a.attinhcount > 0 AND NOT a.attislocal AND NOT c.relispartition AS inherited,
       -- What its parents demand of it, as it is called here; and whether it got that name or its own say apart from them.
       CASE WHEN n.oid IS NULL AND a.attnotnull THEN 'NOT NULL'
            WHEN n.convalidated THEN format('CONSTRAINT %I NOT NULL', n.conname) END AS not_null_named,
       a.attinhcount > 0 AND NOT c.relispartition AND n.oid IS NOT NULL AND CASE WHEN n.conislocal THEN NOT a.attislocal
           ELSE n.conname IS DISTINCT FROM (
               SELECT m.conname FROM pg_catalog.pg_inherits i
               JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
               JOIN pg_catalog.pg_constraint m ON m.conrelid = p.attrelid AND m.contype = 'n' AND m.conkey = ARRAY[p.attnum]
               WHERE i.inhrelid = c.oid AND NOT m.connoinherit ORDER BY i.inhseqno LIMIT 1) END AS not_null_apart,
       EXISTS (SELECT FROM pg_catalog.pg_inherits i
               JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
               WHERE i.inhrelid = c.oid AND p.atthasdef) AS parent_default,
       array_remove(ARRAY[
           CASE WHEN COALESCE(a.attstattarget, -1) >= 0 THEN format('SET STATISTICS %s', a.attstattarget) END,
           CASE WHEN a.attstorage <> t.typstorage AND c.relkind IN ('r', 'p', 'm') THEN
               'SET STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                   WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
           'SET (' || (SELECT string_agg(format('%I=%L', split_part(o.item, '=', 1),
                                                substr(o.item, strpos(o.item, '=') + 1)), ', ' ORDER BY o.place)
                       FROM unnest(a.attoptions) WITH ORDINALITY AS o (item, place)) || ')'
       ], NULL) AS settings,
       a.attidentity = 'a' AS always,
       -- A value of a type of this schema crosses into another schema's type as text.
       CASE WHEN own.typnamespace = c.relnamespace THEN format_type(a.atttypid, a.atttypmod) END AS cast_to,
       named.typname LIKE 'reg%' AND named.typnamespace = 'pg_catalog'::regnamespace
           AND named.typname NOT IN ('regrole') AS reference,
       own.oid <> t.oid AS is_array,
       quote_literal(pg_catalog.col_description(c.oid, a.attnum)) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type own ON own.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
JOIN pg_catalog.pg_type named ON named.oid = CASE own.typtype WHEN 'd' THEN own.typbasetype ELSE own.oid END
LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
LEFT JOIN pg_catalog.pg_constraint n ON n.conrelid = c.oid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
LEFT JOIN pg_catalog.pg_depend i ON a.attidentity <> '' AND i.refclassid = c.tableoid AND i.refobjid = c.oid
    AND i.refobjsubid = a.attnum AND i.classid = c.tableoid AND i.deptype = 'i'
LEFT JOIN pg_catalog.pg_class q ON q.oid = i.objid AND q.relkind = 'S'
LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = q.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY c.relname COLLATE "C", a.attnum
