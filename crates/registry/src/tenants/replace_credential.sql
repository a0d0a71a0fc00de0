UPDATE tenantry.tenants SET credential_generation = credential_generation + 1, credential_expires_at = NULL
WHERE id = $1 AND credential_expires_at < now()
