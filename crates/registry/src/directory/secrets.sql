SELECT id, door, tenant, role, kind, stored_key, server_key, expires_at
FROM tenantry.door_secrets
WHERE ($1::uuid[] IS NULL OR tenant = ANY ($1)) AND (expires_at IS NULL OR expires_at > now())
ORDER BY id
