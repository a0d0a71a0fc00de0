-- Gives the job back, to be tried again later. Why the job failed stays beside why it can't be undone yet.
UPDATE tenantry.jobs SET
  worker = NULL, lease_until = NULL, attempts = attempts + 1, run_after = now() + make_interval(secs => $4),
  error = CASE status WHEN 'undoing' THEN coalesce(error, '{}') || jsonb_build_object('undo', $3::jsonb) ELSE $3 END
WHERE id = $1 AND fence = $2 AND status IN ('running', 'undoing')
