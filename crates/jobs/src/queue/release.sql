-- Gives the job back, to be tried again later.
UPDATE tenantry.jobs SET
  worker = NULL, lease_until = NULL, attempts = attempts + 1, error = $3, run_after = now() + make_interval(secs => $4)
WHERE id = $1 AND fence = $2
