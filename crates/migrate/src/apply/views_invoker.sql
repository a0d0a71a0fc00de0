-- Views read with the rights of whoever reads them, in tables of one's own too: one rule for all, which doctor can check.
DO $views$
DECLARE v regclass;
BEGIN
  FOR v IN
    SELECT c.oid
      FROM pg_catalog.pg_class c
     WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace
       AND c.relowner = current_user::regrole
       AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)
  LOOP
    EXECUTE pg_catalog.format('ALTER VIEW %s SET (security_invoker = true)', v);
  END LOOP;
END $views$
