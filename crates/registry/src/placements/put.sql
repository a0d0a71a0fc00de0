INSERT INTO tenantry.placements (tenant, service, cluster, database, schema_name, isolation, version)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, service) DO UPDATE SET
  cluster = excluded.cluster, database = excluded.database, schema_name = excluded.schema_name,
  isolation = excluded.isolation, version = excluded.version
