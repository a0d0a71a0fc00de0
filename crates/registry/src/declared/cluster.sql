INSERT INTO tenantry.clusters (name, region, engine) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET region = excluded.region, engine = excluded.engine
