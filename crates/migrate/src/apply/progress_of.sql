SELECT tenantry.progress_of($1, $2)
