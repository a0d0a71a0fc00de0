-- Unique, primary and exclusion keys that do not start with the tenant column: they tell one tenant what others have,
-- and make it wait for them.
SELECT format('%s key %I', i.indrelid::regclass, x.relname),
       CASE
         WHEN c.oid IS NULL THEN
           format('DROP INDEX %s; %s;', i.indexrelid::regclass,
                  regexp_replace(replace(pg_get_indexdef(i.indexrelid), format(', %I', :'column'), ''), ' USING (\w+) \(', format(' USING \1 (%I, ', :'column')))
         WHEN c.contype = 'x' THEN
           format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s;', i.indrelid::regclass, c.conname, c.conname,
                  regexp_replace(replace(pg_get_constraintdef(c.oid), format(', %I', :'column'), ''), '\(', format('(%I WITH =, ', :'column')))
         ELSE
           format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE, ADD CONSTRAINT %I %s;', i.indrelid::regclass, c.conname, c.conname,
                  regexp_replace(replace(pg_get_constraintdef(c.oid), format(', %I', :'column'), ''), '\(', format('(%I, ', :'column')))
       END
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE t.relnamespace = to_regnamespace(:'schema') AND t.relkind IN ('r', 'p') AND (i.indisunique OR i.indisexclusion)
   AND a.attname IS DISTINCT FROM :'column'::name
 ORDER BY 1
