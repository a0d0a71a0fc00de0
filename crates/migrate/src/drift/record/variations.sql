SELECT target, name, changes FROM tenantry.variations ORDER BY number
