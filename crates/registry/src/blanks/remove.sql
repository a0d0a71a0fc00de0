DELETE FROM tenantry.blanks WHERE id = $1
