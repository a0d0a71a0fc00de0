-- All that decides whether there is anything to do in a data database.
SELECT
  coalesce(array_agg(l.version ORDER BY l.version), '{}')::bigint[],
  coalesce(array_agg(l.name ORDER BY l.version), '{}')::text[],
  coalesce(array_agg(l.checksum ORDER BY l.version), '{}')::text[],
  (SELECT coalesce(array_agg(DISTINCT t.version), '{}') FROM tenantry.local_tenants t)::bigint[],
  (SELECT count(*) FROM tenantry.local_tenants t),
  EXISTS (SELECT FROM tenantry.ledger r WHERE r.target = $1)
FROM tenantry.ledger l
WHERE l.target = 'template'
