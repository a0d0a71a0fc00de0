UPDATE tenantry.tenants
SET slug = $2, name = coalesce($3, CASE WHEN name = slug THEN $2 ELSE name END)
WHERE id = $1
