DELETE FROM tenantry.jobs
WHERE (background AND status = 'done') OR (finished_at < now() - make_interval(days => $1))
