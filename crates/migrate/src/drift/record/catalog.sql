SELECT catalog FROM tenantry.catalogs WHERE target = $1 AND version = $2
