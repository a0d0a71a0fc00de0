DROP TRIGGER retried ON tenantry.jobs;
DROP FUNCTION tenantry.rollout_retried();
DROP TABLE tenantry.rollout_failures;
DROP INDEX tenantry.jobs_one_rollout;
DELETE FROM tenantry.jobs WHERE status = 'paused';
ALTER TABLE tenantry.jobs
  DROP COLUMN pause_requested,
  DROP COLUMN progress,
  DROP CONSTRAINT jobs_status_check,
  ADD CONSTRAINT jobs_status_check
    CHECK (status IN ('queued', 'running', 'undoing', 'done', 'failed', 'cancelled'));
