SELECT value FROM tenantry.settings WHERE key = $1
