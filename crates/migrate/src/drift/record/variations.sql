SELECT target, name, checksum, changes FROM tenantry.variations ORDER BY number
