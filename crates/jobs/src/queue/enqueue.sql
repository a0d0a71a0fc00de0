INSERT INTO tenantry.jobs (kind, tenant, slug, actor, input, background)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id
