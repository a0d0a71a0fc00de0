SELECT count(*) FROM tenantry_shadow.fired
