SELECT statement FROM tenantry_shadow.noted ORDER BY number
