UPDATE tenantry.blanks SET status = 'ready', job = NULL WHERE id = $1 AND status = 'preparing'
