UPDATE tenantry.jobs SET status = $2, worker = NULL, lease_until = NULL, finished_at = now(), error = coalesce($3, error)
WHERE id = $1
