WITH steps AS (
  DELETE FROM tenantry.job_steps s USING tenantry.jobs j
  WHERE s.job = j.id AND j.id = $1 AND s.status = 'undone' AND j.status IN ('failed', 'cancelled'))
UPDATE tenantry.jobs SET
  status = CASE WHEN status IN ('failed', 'cancelled', 'paused') THEN 'queued' ELSE status END,
  attempts = 0, cancel_requested = false, pause_requested = false, finished_at = NULL, run_after = now(),
  error = CASE WHEN status IN ('failed', 'cancelled') THEN NULL ELSE error END
WHERE id = $1
  AND (status IN ('failed', 'cancelled', 'paused') OR (status IN ('running', 'undoing', 'queued') AND worker IS NULL))
