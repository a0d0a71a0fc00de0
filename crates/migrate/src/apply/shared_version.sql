UPDATE tenantry.local_tenants SET version = $1 WHERE isolation = 'shared'
