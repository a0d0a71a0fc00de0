UPDATE tenantry.local_tenants SET version = $1 WHERE id = $2
