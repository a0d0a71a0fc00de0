SELECT tenantry.check_fence($1, $2)
