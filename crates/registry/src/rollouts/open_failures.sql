SELECT * FROM (
  SELECT DISTINCT ON (f.tenant, f.service)
    f.job, f.tenant, t.slug, f.service, f.version, f.code, f.message, f.place, f.at, f.mended_at
  FROM tenantry.rollout_failures f
  JOIN tenantry.tenants t ON t.id = f.tenant
  WHERE f.mended_at IS NULL
  ORDER BY f.tenant, f.service, f.job DESC) newest
ORDER BY slug, service
