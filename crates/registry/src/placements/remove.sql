DELETE FROM tenantry.placements WHERE tenant = $1
