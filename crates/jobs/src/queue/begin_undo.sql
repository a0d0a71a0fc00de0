UPDATE tenantry.jobs SET status = 'undoing', attempts = 0, error = coalesce($3, error)
WHERE id = $1 AND fence = $2
