SELECT id || ' in ' || $1::text FROM tenantry.local_tenants
