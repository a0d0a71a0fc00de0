WITH placements AS (DELETE FROM tenantry.placements WHERE tenant = $1)
DELETE FROM tenantry.tenants WHERE id = $1
