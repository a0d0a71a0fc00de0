UPDATE tenantry.jobs SET
  status = $2, worker = NULL, lease_until = NULL, finished_at = now(), error = nullif(coalesce($3, error) - 'undo', '{}')
WHERE id = $1
