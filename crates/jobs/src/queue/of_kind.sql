SELECT id, kind, tenant, slug, actor, status, attempts, error, created_at, finished_at, input, progress
FROM tenantry.jobs
WHERE kind = $1
ORDER BY id DESC
LIMIT $2
