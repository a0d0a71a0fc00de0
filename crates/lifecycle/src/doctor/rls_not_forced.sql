SELECT c.oid::regclass::text, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace(:'schema') AND c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity
 ORDER BY 1
