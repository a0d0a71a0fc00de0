-- Constraints of the tables among $1: check, primary key, unique, exclusion, foreign key. What the server
-- makes by itself for partitions and children is left to it, except what a partition needs to be attached.
SELECT k.tableoid AS class, k.oid, c.oid AS parent,
       CASE k.contype WHEN 'c' THEN 'check' WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique'
                      WHEN 'x' THEN 'exclusion' ELSE 'foreign_key' END AS kind,
       format('%I.%I', c.relname, k.conname) AS name,
       format('CONSTRAINT %I ON %I', k.conname, c.relname) AS address,
       format('ALTER TABLE %s%I ADD CONSTRAINT %I %s', CASE WHEN k.contype IN ('c', 'f') THEN '' ELSE 'ONLY ' END,
              c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)) AS head,
       CASE WHEN k.contype = 'c' AND k.convalidated THEN
           format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)) END AS inline,
       NULL AS tail,
       ARRAY(SELECT format('ALTER INDEX %s ATTACH PARTITION %I', i.inhparent::regclass, x.relname)
             FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class x ON x.oid = i.inhrelid
             WHERE i.inhrelid = k.conindid AND k.contype IN ('p', 'u', 'x')) AS attach,
       '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
WHERE c.relkind IN ('r', 'p')
  -- A check that is NOT VALID comes late, and reaches a table's partitions and children with it.
  AND CASE k.contype WHEN 'c' THEN (k.conislocal OR c.relispartition) AND (k.convalidated OR k.coninhcount = 0)
                     WHEN 'f' THEN k.conparentid = 0
                     ELSE k.contype IN ('p', 'u', 'x') END
ORDER BY c.relname COLLATE "C", k.conname COLLATE "C"
