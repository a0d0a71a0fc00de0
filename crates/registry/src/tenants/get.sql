SELECT id, number, slug, name, status, plan, region, cluster, isolation, owner_email, settings, created_at, updated_at,
  deleted_at, purge_after
FROM tenantry.tenants
WHERE id = $1
