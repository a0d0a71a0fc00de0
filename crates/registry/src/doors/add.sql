INSERT INTO tenantry.door_secrets (door, tenant, role, kind, stored_key, server_key, expires_at, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id
