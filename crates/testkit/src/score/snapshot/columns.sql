SELECT 'column', c.relname || '.' || a.attname,
       pg_catalog.concat_ws(' ',
         CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'number ' || (SELECT count(*) FROM pg_catalog.pg_attribute b WHERE b.attrelid = a.attrelid AND b.attnum > 0
                      AND b.attnum <= a.attnum AND NOT b.attisdropped AND b.attname <> $2) END,
         pg_catalog.format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attnotnull THEN 'not null' END,
         'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid, true),
         'generated', nullif(a.attgenerated, ''), 'identity', nullif(a.attidentity, ''),
         'collation', (SELECT l.collname FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND l.collname <> 'default'),
         'storage', a.attstorage, 'compression', nullif(a.attcompression, ''), 'statistics', nullif(nullif(a.attstattarget, -1), 0),
         'options', a.attoptions)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1)
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> $2
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
