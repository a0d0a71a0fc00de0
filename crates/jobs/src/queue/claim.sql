-- A job is free when nobody has it, when its worker's lease is over, or when the worker's connection (which holds an
-- advisory lock as long as it lives) is gone. Jobs of one tenant run one after the other.
UPDATE tenantry.jobs SET
  status = CASE status WHEN 'queued' THEN 'running' ELSE status END,
  worker = $1,
  fence = fence + 1,
  lease_until = now() + make_interval(secs => $2),
  started_at = coalesce(started_at, now())
WHERE id = (
  SELECT j.id
  FROM tenantry.jobs j
  WHERE j.status IN ('queued', 'running', 'undoing')
    AND j.run_after <= now()
    AND ($3::bigint IS NULL OR j.id = $3)
    AND j.kind = ANY ($4)
    AND (j.worker IS NULL OR j.lease_until < now() OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'advisory' AND l.classid = 84105 AND l.objid = j.worker::oid AND l.granted
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())))
    AND NOT EXISTS (
      SELECT FROM tenantry.jobs e
      WHERE e.tenant = j.tenant AND e.id < j.id AND e.status IN ('queued', 'running', 'undoing'))
  ORDER BY j.background, j.id
  LIMIT 1
  FOR UPDATE SKIP LOCKED)
RETURNING id, kind, tenant, slug, actor, input, status, fence, attempts, cancel_requested, pause_requested, error
