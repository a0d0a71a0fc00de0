-- Leaves a job that can't be undone as it is. Why it failed stays beside why it can't be undone; a retry goes on undoing.
UPDATE tenantry.jobs SET
  status = 'failed', worker = NULL, lease_until = NULL, attempts = attempts + 1, finished_at = now(),
  error = coalesce(error, '{}') || jsonb_build_object('undo', $3::jsonb)
WHERE id = $1 AND fence = $2 AND status = 'undoing'
