SELECT version FROM tenantry.local_tenants WHERE id = $1
