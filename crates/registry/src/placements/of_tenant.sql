SELECT tenant, service, cluster, database, schema_name, isolation, version
FROM tenantry.placements
WHERE tenant = $1
ORDER BY service
