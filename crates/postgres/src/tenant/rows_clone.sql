-- The template's rows, under the new tenant's key. They are a state, not events: triggers and foreign-key checks stay
-- off (what holds for the template's rows holds for their copies), and row-level security does not bind the platform.
SET LOCAL session_replication_role = replica;
SET LOCAL ROLE :"platform";
DO $clone$
DECLARE
  t record;
  filled boolean;
BEGIN
  FOR t IN
    SELECT pg_catalog.concat(CASE c.relkind WHEN 'r' THEN 'ONLY ' END, c.oid::regclass) AS rows, c.oid::regclass AS relation,
           (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
              FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
               AND a.attname <> :'column') AS columns
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'shared'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = :'column' AND NOT a.attisdropped)
  LOOP
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE %I = %L)', t.rows, :'column', :'template_key')
      INTO filled;
    IF filled THEN
      EXECUTE pg_catalog.format('INSERT INTO %s (%I, %s) OVERRIDING SYSTEM VALUE SELECT %L, %s FROM %s WHERE %I = %L',
        t.relation, :'column', t.columns, :'key', t.columns, t.rows, :'column', :'template_key');
    END IF;
  END LOOP;
END $clone$;
INSERT INTO tenantry.counters (tenant, relation, attribute, last, called)
SELECT :'key', relation, attribute, last, called FROM tenantry.counters WHERE tenant = :'template_key';
RESET ROLE;
SET LOCAL session_replication_role = origin;
