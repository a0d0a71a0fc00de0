-- Only what still runs: the commit that ended the job may have succeeded although its worker lost the connection.
UPDATE tenantry.jobs SET status = 'undoing', attempts = 0, error = coalesce($3, error)
WHERE id = $1 AND fence = $2 AND status = 'running'
