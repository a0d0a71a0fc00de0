UPDATE tenantry.blanks SET status = 'ready', job = NULL WHERE job = $1 AND status = 'taken'
