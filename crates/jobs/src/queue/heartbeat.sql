UPDATE tenantry.jobs SET lease_until = now() + make_interval(secs => $3), progress = coalesce($4, progress)
WHERE id = $1 AND fence = $2 AND status IN ('running', 'undoing')
RETURNING cancel_requested, pause_requested
