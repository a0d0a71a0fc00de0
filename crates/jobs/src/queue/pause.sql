-- What nobody has in hand is paused at once; a worker hears of it with its next heartbeat.
UPDATE tenantry.jobs SET
  pause_requested = worker IS NOT NULL,
  status = CASE WHEN worker IS NULL THEN 'paused' ELSE status END
WHERE id = $1 AND status IN ('queued', 'running', 'paused')
