UPDATE tenantry.jobs SET
  cancel_requested = true, run_after = now(), status = CASE status WHEN 'paused' THEN 'queued' ELSE status END
WHERE id = $1 AND status IN ('queued', 'running', 'paused')
