SELECT credential_generation, credential_expires_at FROM tenantry.tenants WHERE id = $1
