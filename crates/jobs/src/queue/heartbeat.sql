UPDATE tenantry.jobs SET lease_until = now() + make_interval(secs => $3)
WHERE id = $1 AND fence = $2 AND status IN ('running', 'undoing')
RETURNING cancel_requested
