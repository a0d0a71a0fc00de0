TRUNCATE tenantry_shadow.noted, tenantry_shadow.fired
