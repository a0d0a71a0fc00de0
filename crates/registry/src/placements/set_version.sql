UPDATE tenantry.placements SET version = $3 WHERE tenant = $1 AND service = $2
