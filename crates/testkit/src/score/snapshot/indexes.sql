SELECT 'index', i.relname::text,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_indexdef(x.indexrelid, 0, true),
         CASE WHEN NOT x.indisvalid THEN 'invalid' END, CASE WHEN x.indisclustered THEN 'clustered' END,
         CASE WHEN x.indisreplident THEN 'replica identity' END, i.reloptions)
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
 WHERE i.relnamespace = pg_catalog.to_regnamespace($1) AND $2::text IS NOT NULL
