-- Check constraints of the domains among $1.
SELECT k.tableoid AS class, k.oid, t.oid AS parent, 'domain_check' AS kind,
       format('%I.%I', t.typname, k.conname) AS name,
       format('CONSTRAINT %I ON DOMAIN %I', k.conname, t.typname) AS address,
       format('ALTER DOMAIN %I ADD CONSTRAINT %I %s', t.typname, k.conname,
              pg_catalog.pg_get_constraintdef(k.oid)) AS head,
       CASE WHEN k.convalidated THEN
           format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)) END AS inline,
       NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_type t ON t.oid = d.objid
JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
WHERE t.typtype = 'd'
ORDER BY t.typname COLLATE "C", k.conname COLLATE "C"
