INSERT INTO tenantry.tenants (slug, name, isolation, plan, region, cluster, owner_email)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id
