SELECT EXISTS (SELECT FROM tenantry.local_tenants WHERE id = $1)
