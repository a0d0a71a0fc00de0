SELECT count(*) FROM tenantry.local_tenants
