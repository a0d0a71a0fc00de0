SELECT tenantry.move_version($1, $2, $3)
