-- What rows are made from: tables with columns, keys that refer, checks and partition bounds; types below them.
SELECT pg_catalog.jsonb_build_object(
  'tables', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', c.relname,
      'columns', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod, 'not_null', a.attnotnull,
            'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated <> '',
            'identity', a.attidentity = 'a') ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'refers', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'table', r.relname,
            'columns', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, n)
                          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
            'to', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, n)
                          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)) ORDER BY k.conname)
          FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0), '[]'),
      'checks', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', k.conname, 'text', pg_catalog.pg_get_constraintdef(k.oid),
            'columns', (SELECT coalesce(pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))) ORDER BY k.conname)
          FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'), '[]'),
      'domain_checks', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', k.conname, 'text', pg_catalog.pg_get_constraintdef(k.oid), 'columns', pg_catalog.jsonb_build_array(a.attname)))
          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_constraint k ON k.contypid = a.atttypid
         WHERE a.attrelid = c.oid AND k.contype = 'c' AND NOT a.attisdropped), '[]'),
      'partition_columns', coalesce((SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.n) FROM pg_catalog.pg_partitioned_table p
          CROSS JOIN pg_catalog.unnest(p.partattrs::smallint[]) WITH ORDINALITY u(num, n)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = u.num WHERE p.partrelid = c.oid), '[]'),
      'partition_bound', (SELECT pg_catalog.pg_get_expr(b.relpartbound, b.oid) FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class b ON b.oid = i.inhrelid WHERE i.inhparent = c.oid AND c.relkind = 'p'
           AND pg_catalog.pg_get_expr(b.relpartbound, b.oid) <> 'DEFAULT' ORDER BY b.relname DESC LIMIT 1))
    ORDER BY c.relname)
    FROM pg_catalog.pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')), '[]'),
  'functions', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', p.proname, 'procedure', p.prokind = 'p',
      'rows', p.proretset OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = p.prorettype AND t.typtype = 'c'),
      'arguments', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(u.type::bigint, pg_catalog.format_type(u.type, NULL)) ORDER BY u.n)
          FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY u(type, n)), '[]'))
    ORDER BY p.proname, p.oid)
    FROM pg_catalog.pg_proc p
   WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
     AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'record'::regtype)
     AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes::oid[]) u(type) JOIN pg_catalog.pg_type t ON t.oid = u.type WHERE t.typtype = 'p')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')), '[]'),
  'types', (SELECT pg_catalog.jsonb_object_agg(t.oid::text, pg_catalog.jsonb_build_object(
      'name', t.typname, 'kind', t.typtype, 'base', t.typbasetype::bigint, 'modifier', t.typtypmod, 'element', t.typelem::bigint,
      'labels', coalesce((SELECT pg_catalog.jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '[]'),
      'subtype', (SELECT r.rngsubtype::bigint FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)),
      'fields', CASE WHEN t.typtype = 'c' THEN (SELECT pg_catalog.jsonb_agg(a.atttypid::bigint ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END))
    FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm')
      OR t.typtype = 'c' AND c.relkind = 'c'))::text
