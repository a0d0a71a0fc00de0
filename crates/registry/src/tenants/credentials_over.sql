SELECT id FROM tenantry.tenants WHERE credential_expires_at < now() ORDER BY credential_expires_at
