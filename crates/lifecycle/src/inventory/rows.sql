-- Shared tables that hold rows of a tenant whom the local map does not know. One look-up in the tenant's index for each
-- key, whatever the number of rows: the next key after the last (a loose index scan).
WITH RECURSIVE tables AS (
  SELECT c.oid::regclass AS relation
    FROM pg_catalog.pg_class c
   WHERE c.relnamespace = 'shared'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname = $1::text AND NOT a.attisdropped)
)
SELECT t.relation || ' for ' || key.value
  FROM tables t
 CROSS JOIN LATERAL (
   SELECT unnest(xpath('//k/text()', query_to_xml(format(
     'WITH RECURSIVE keys AS ((SELECT %1$I AS k FROM %2$s ORDER BY 1 LIMIT 1) UNION ALL '
     'SELECT (SELECT %1$I FROM %2$s WHERE %1$I > keys.k ORDER BY 1 LIMIT 1) FROM keys WHERE keys.k IS NOT NULL) '
     'SELECT k FROM keys WHERE k IS NOT NULL', $1::text, t.relation), false, false, '')))::text AS value) key
 WHERE key.value NOT IN (SELECT l.key::text FROM tenantry.local_tenants l)
   AND key.value NOT IN ('00000000-0000-0000-0000-000000000000', '0')
