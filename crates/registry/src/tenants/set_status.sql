UPDATE tenantry.tenants
SET status = $2, deleted_at = NULL, purge_after = NULL
WHERE id = $1 AND status = ANY ($3)
