SELECT name, status, output, finished_at
FROM tenantry.job_steps
WHERE job = $1
ORDER BY position
