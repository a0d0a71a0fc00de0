SELECT cancel_requested FROM tenantry.jobs
WHERE id = $1 AND fence = $2 AND status IN ('running', 'undoing')
FOR UPDATE
