-- Gives the job back for the next worker to go on at once.
UPDATE tenantry.jobs SET worker = NULL, lease_until = NULL, run_after = now()
WHERE id = $1 AND fence = $2 AND status IN ('running', 'undoing')
