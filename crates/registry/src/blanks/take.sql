UPDATE tenantry.blanks SET status = 'taken', job = $5
WHERE id = (
  SELECT id FROM tenantry.blanks
  WHERE service = $1 AND cluster = $2 AND isolation = $3 AND version = $4 AND status = 'ready'
  LIMIT 1
  FOR UPDATE SKIP LOCKED)
RETURNING id, service, cluster, isolation, version
