SELECT value FROM tenantry.gateway_secret
