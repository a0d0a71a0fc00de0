-- A deleted tenant, or one whose creation was undone, whose purge begins: from here on it can't be restored. What tells it from
-- one that is being deleted is when it was.
UPDATE tenantry.tenants
SET status = 'deleting', deleted_at = coalesce(deleted_at, now()), purge_after = NULL
WHERE id = $1 AND (status IN ('deleted', 'failed') OR status = 'deleting' AND deleted_at IS NOT NULL)
