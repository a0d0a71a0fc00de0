-- Other ordered indexes: right, but a tenant's query then walks the rows of all others. GIN, GiST and hash indexes can't
-- carry the column without an extension and are left.
SELECT format('%s index %I', i.indrelid::regclass, x.relname),
       format('DROP INDEX %s; %s;', i.indexrelid::regclass,
              regexp_replace(replace(pg_get_indexdef(i.indexrelid), format(', %I', :'column'), ''), ' USING (\w+) \(', format(' USING \1 (%I, ', :'column')))
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_am am ON am.oid = x.relam AND am.amname = 'btree'
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE t.relnamespace = to_regnamespace(:'schema') AND t.relkind IN ('r', 'p') AND NOT i.indisunique AND NOT i.indisexclusion
   AND a.attname IS DISTINCT FROM :'column'::name
 ORDER BY 1
