INSERT INTO tenantry.services (name, cluster) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET cluster = excluded.cluster
