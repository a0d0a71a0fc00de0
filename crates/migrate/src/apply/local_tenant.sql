SELECT id, key::text, isolation, version, created_at FROM tenantry.local_tenants WHERE id = $1
