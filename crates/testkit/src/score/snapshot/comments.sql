SELECT 'comment', pg_catalog.concat_ws('.', c.relname, a.attname), d.description
  FROM pg_catalog.pg_description d
  JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objoid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND $2::text IS NOT NULL
