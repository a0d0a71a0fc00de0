SELECT p.service, p.cluster, p.isolation, p.version, count(*)
FROM tenantry.placements p
JOIN tenantry.tenants t ON t.id = p.tenant
WHERE t.status NOT IN ('provisioning', 'failed')
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
