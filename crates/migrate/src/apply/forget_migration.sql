SELECT tenantry.forget_migration($1, $2)
