SELECT id, key::text, isolation, version, created_at FROM tenantry.local_tenants ORDER BY created_at, id
