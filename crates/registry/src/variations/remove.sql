DELETE FROM tenantry.variations WHERE tenant = $1 AND service = $2 AND name = $3
