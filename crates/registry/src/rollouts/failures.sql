SELECT f.job, f.tenant, t.slug, f.service, f.version, f.code, f.message, f.place, f.at, f.mended_at
FROM tenantry.rollout_failures f
LEFT JOIN tenantry.tenants t ON t.id = f.tenant
WHERE f.job = $1
ORDER BY t.slug, f.service
