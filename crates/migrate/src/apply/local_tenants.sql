SELECT id, key::text, isolation, version FROM tenantry.local_tenants ORDER BY created_at, id
