UPDATE tenantry.jobs SET cancel_requested = true, run_after = now()
WHERE id = $1 AND status IN ('queued', 'running')
