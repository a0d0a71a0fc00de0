UPDATE tenantry.tenants
SET status = 'deleted', deleted_at = now(), purge_after = now() + make_interval(days => $2)
WHERE id = $1 AND status IN ('deleting', 'deleted')
