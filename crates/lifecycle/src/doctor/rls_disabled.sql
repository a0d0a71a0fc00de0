SELECT c.oid::regclass::text, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace(:'schema') AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
 ORDER BY 1
