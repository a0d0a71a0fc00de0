SELECT c.name, c.region, c.draining, count(p.tenant)
FROM tenantry.clusters c
LEFT JOIN tenantry.placements p ON p.cluster = c.name
GROUP BY c.name
ORDER BY c.name
