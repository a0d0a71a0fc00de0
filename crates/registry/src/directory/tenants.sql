SELECT id, slug, number, status, isolation, plan, credential_generation
FROM tenantry.tenants
WHERE $1::uuid[] IS NULL OR id = ANY ($1)
