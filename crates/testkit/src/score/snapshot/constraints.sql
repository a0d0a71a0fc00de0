-- Foreign keys are told part by part, since the tenant column stands in the middle of them.
SELECT 'constraint', pg_catalog.concat(c.relname, t.typname, '.', k.conname),
       CASE k.contype WHEN 'f' THEN
         pg_catalog.concat_ws(' ', 'foreign key',
           (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY u.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, n)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num WHERE a.attname <> $2),
           'references', r.relname,
           (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY u.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, n)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num WHERE a.attname <> $2),
           'match', CASE WHEN k.confmatchtype = 'f' AND pg_catalog.cardinality(k.conkey) > 1 THEN 's' ELSE pg_catalog.replace(k.confmatchtype::text, 'f', 's') END,
           'on update', k.confupdtype, 'on delete', k.confdeltype,
           'of', CASE WHEN k.confdeltype IN ('n', 'd') THEN
             (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_catalog.unnest(coalesce(k.confdelsetcols, k.conkey)) u(num)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) END,
           CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END,
           CASE WHEN NOT k.convalidated THEN 'not valid' END)
       ELSE pg_catalog.pg_get_constraintdef(k.oid, true) END
  FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
  LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
 -- The parts of a foreign key that the server makes for each partition of the other table have names of its own.
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint w WHERE w.oid = k.conparentid AND w.conrelid = k.conrelid)
   AND k.connamespace = pg_catalog.to_regnamespace($1) AND k.contype <> 't'
   AND NOT (k.contype = 'n' AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1] AND a.attname = $2))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
             AND (d.classid, d.objid) IN (('pg_catalog.pg_class'::regclass, k.conrelid), ('pg_catalog.pg_type'::regclass, k.contypid)))
