INSERT INTO tenantry.audit (actor, action, tenant, slug, job, detail)
VALUES ($1, $2, $3, $4, $5, $6)
