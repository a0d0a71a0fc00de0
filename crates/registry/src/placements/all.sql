SELECT p.tenant, p.service, p.cluster, p.database, p.schema_name, p.isolation, p.version
FROM tenantry.placements p
JOIN tenantry.tenants t ON t.id = p.tenant
WHERE p.service = $1 AND t.status NOT IN ('provisioning', 'failed')
ORDER BY t.slug
