DELETE FROM tenantry.tenants t
WHERE slug = $1 AND status = 'failed'
  AND NOT EXISTS (SELECT FROM tenantry.placements p WHERE p.tenant = t.id)
