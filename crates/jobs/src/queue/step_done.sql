-- A step that ends shows that its worker lives, so it renews the lease as a heartbeat does.
WITH job AS (
  UPDATE tenantry.jobs SET attempts = 0, error = NULL, progress = NULL, lease_until = now() + make_interval(secs => $5) WHERE id = $1)
INSERT INTO tenantry.job_steps (job, position, name, status, output)
VALUES ($1, $2, $3, 'done', $4)
ON CONFLICT (job, position) DO UPDATE SET
  name = excluded.name, status = 'done', output = excluded.output, finished_at = now()
