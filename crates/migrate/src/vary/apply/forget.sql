SELECT tenantry.forget_variation($1, $2)
