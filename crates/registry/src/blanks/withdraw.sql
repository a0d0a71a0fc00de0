UPDATE tenantry.blanks SET status = 'taken', job = $2 WHERE id = $1 AND status = 'ready'
