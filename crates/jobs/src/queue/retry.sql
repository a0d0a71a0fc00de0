-- A job that was given up while it was being undone goes on being undone; any other that has ended begins again.
WITH half AS (
  SELECT id, status = 'failed' AND coalesce(error ? 'undo', false) AS undone FROM tenantry.jobs WHERE id = $1
), steps AS (
  DELETE FROM tenantry.job_steps s USING tenantry.jobs j, half h
  WHERE s.job = j.id AND j.id = $1 AND h.id = j.id AND NOT h.undone AND s.status = 'undone'
    AND j.status IN ('failed', 'cancelled'))
UPDATE tenantry.jobs j SET
  status = CASE WHEN h.undone THEN 'undoing' WHEN j.status IN ('failed', 'cancelled', 'paused') THEN 'queued' ELSE j.status END,
  attempts = 0, cancel_requested = h.undone AND j.cancel_requested, pause_requested = false, finished_at = NULL, run_after = now(),
  error = CASE WHEN h.undone THEN j.error WHEN j.status IN ('failed', 'cancelled') THEN NULL ELSE j.error END
FROM half h
WHERE h.id = j.id
  AND (j.status IN ('failed', 'cancelled', 'paused') OR (j.status IN ('running', 'undoing', 'queued') AND j.worker IS NULL))
