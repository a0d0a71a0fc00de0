UPDATE tenantry.jobs SET
  status = CASE status WHEN 'paused' THEN 'queued' ELSE status END,
  pause_requested = false, attempts = 0, run_after = now(), error = NULL
WHERE id = $1 AND (status = 'paused' OR (status = 'running' AND pause_requested))
