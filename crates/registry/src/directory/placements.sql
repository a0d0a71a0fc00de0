SELECT tenant, service, cluster, database, schema_name, isolation, version
FROM tenantry.placements
WHERE $1::uuid[] IS NULL OR tenant = ANY ($1)
ORDER BY tenant, service
