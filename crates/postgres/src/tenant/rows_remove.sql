-- Every row of one tenant in shared tables.
SET LOCAL session_replication_role = replica;
SET LOCAL ROLE :"platform";
DO $remove$
DECLARE t record;
BEGIN
  FOR t IN
    SELECT c.oid::regclass AS relation
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'shared'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = :'column' AND NOT a.attisdropped)
  LOOP
    EXECUTE pg_catalog.format('DELETE FROM %s WHERE %I = %L', t.relation, :'column', :'key');
  END LOOP;
END $remove$;
DELETE FROM tenantry.counters WHERE tenant = :'key';
RESET ROLE;
SET LOCAL session_replication_role = origin;
