DELETE FROM tenantry.door_secrets WHERE expires_at < now()
