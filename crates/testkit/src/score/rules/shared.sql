-- $1 the tenant column: everything in the shared schema that it doesn't stand in, or that is not fenced off.
SELECT 'table ' || c.relname, broken.rule
  FROM pg_catalog.pg_class c
 CROSS JOIN LATERAL (VALUES
   ('has no tenant column that is NOT NULL', NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attname = $1 AND a.attnotnull AND NOT a.attisdropped)),
   ('has no forced row-level security', NOT (c.relrowsecurity AND c.relforcerowsecurity)),
   ('has no policy that others can''t widen', NOT EXISTS (SELECT FROM pg_catalog.pg_policy p
      WHERE p.polrelid = c.oid AND p.polname = CASE WHEN p.polpermissive THEN 'tenantry' ELSE '!tenantry' END
        AND p.polcmd = '*' AND p.polroles = ARRAY[0::oid]
        AND NOT (p.polpermissive AND EXISTS (SELECT FROM pg_catalog.pg_policy o
                                              WHERE o.polrelid = c.oid AND o.polpermissive AND o.oid <> p.oid))))) broken(rule, is_broken)
 WHERE c.relnamespace = 'shared'::regnamespace AND c.relkind IN ('r', 'p') AND broken.is_broken
UNION ALL
SELECT 'key ' || i.relname || ' of ' || t.relname, 'does not hold the tenant column'
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
 WHERE t.relnamespace = 'shared'::regnamespace AND (x.indisunique OR x.indisexclusion)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.indrelid AND a.attname = $1
                    AND a.attnum = ANY ((x.indkey::smallint[])[0:x.indnkeyatts - 1]))
UNION ALL
SELECT 'foreign key ' || k.conname || ' of ' || t.relname, 'does not hold the tenant column on both sides'
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
  JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
 WHERE k.contype = 'f' AND t.relnamespace = 'shared'::regnamespace AND r.relnamespace <> pg_catalog.to_regnamespace('global')
   AND NOT EXISTS (SELECT FROM unnest(k.conkey, k.confkey) u(own, other)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own AND a.attname = $1
                    JOIN pg_catalog.pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.other AND b.attname = $1)
UNION ALL
SELECT 'view ' || c.relname, 'reads with its owner''s rights'
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = 'shared'::regnamespace AND c.relkind = 'v'
   AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)
   AND c.relname NOT LIKE '%tenantry%'
ORDER BY 1, 2
