UPDATE tenantry.jobs SET
  status = 'paused', pause_requested = false, worker = NULL, lease_until = NULL, attempts = 0, error = $3
WHERE id = $1 AND fence = $2 AND status = 'running'
