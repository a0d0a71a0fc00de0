SELECT id, number, slug, name, status, plan, region, cluster, isolation, owner_email, settings, created_at, updated_at,
  deleted_at, purge_after
FROM tenantry.tenants
WHERE status = 'deleted' AND purge_after < now() OR status = 'deleting' AND deleted_at IS NOT NULL
ORDER BY purge_after
