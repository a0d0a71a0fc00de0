SELECT id, isolation, version FROM tenantry.local_tenants ORDER BY created_at, id
