WITH job AS (
  UPDATE tenantry.jobs SET attempts = 0, error = error - 'undo', lease_until = now() + make_interval(secs => $4)
  WHERE id = $1)
INSERT INTO tenantry.job_steps (job, position, name, status)
VALUES ($1, $2, $3, 'undone')
ON CONFLICT (job, position) DO UPDATE SET status = 'undone', finished_at = now()
