SELECT 'sequence', c.relname::text,
       pg_catalog.concat_ws(' ',
         CASE WHEN d.deptype = 'i' THEN 'identity' END,
         pg_catalog.format_type(s.seqtypid, NULL), 'start', s.seqstart, 'min', s.seqmin, 'max', s.seqmax,
         'by', s.seqincrement, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END,
         'owned by', (SELECT t.relname || '.' || a.attname FROM pg_catalog.pg_class t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
                       WHERE t.oid = d.refobjid AND a.attnum = d.refobjsubid))
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND $2::text IS NOT NULL
