WITH job AS (UPDATE tenantry.jobs SET attempts = 0, error = NULL WHERE id = $1)
INSERT INTO tenantry.job_steps (job, position, name, status, output)
VALUES ($1, $2, $3, 'done', $4)
ON CONFLICT (job, position) DO UPDATE SET
  name = excluded.name, status = 'done', output = excluded.output, finished_at = now()
