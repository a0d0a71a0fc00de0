INSERT INTO tenantry.blanks (id, service, cluster, isolation, version, status, job)
VALUES ($1, $2, $3, $4, $5, 'preparing', $6)
ON CONFLICT (id) DO NOTHING
