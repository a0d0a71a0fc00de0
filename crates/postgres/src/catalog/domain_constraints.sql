-- Check constraints of the domains of schema $1.
SELECT k.tableoid AS class, k.oid, t.oid AS parent, 'domain_check' AS kind,
       format('%I.%I', t.typname, k.conname) AS name,
       format('CONSTRAINT %I ON DOMAIN %I', k.conname, t.typname) AS address,
       format('ALTER DOMAIN %I ADD CONSTRAINT %I %s', t.typname, k.conname,
              pg_catalog.pg_get_constraintdef(k.oid)) AS head,
       CASE WHEN k.convalidated THEN
           format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)) END AS inline,
       NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')) AS comment
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_type t ON t.oid = d.objid
JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
  AND d.classid = 'pg_catalog.pg_type'::regclass
  AND t.typtype = 'd'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
ORDER BY t.typname COLLATE "C", k.conname COLLATE "C"
