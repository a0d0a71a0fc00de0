-- Rollouts: jobs that can be paused, one open at a time, and a note of every tenant that one could not bring along.

ALTER TABLE tenantry.jobs
  DROP CONSTRAINT jobs_status_check,
  ADD CONSTRAINT jobs_status_check
    CHECK (status IN ('queued', 'running', 'undoing', 'paused', 'done', 'failed', 'cancelled')),
  ADD COLUMN pause_requested boolean NOT NULL DEFAULT false,
  ADD COLUMN progress jsonb;
COMMENT ON COLUMN tenantry.jobs.progress IS 'How far the present step is, in the words of the job''s kind.';
CREATE UNIQUE INDEX jobs_one_rollout ON tenantry.jobs (kind)
  WHERE kind = 'rollout' AND status IN ('queued', 'running', 'paused');

CREATE TABLE tenantry.rollout_failures (
  job bigint NOT NULL REFERENCES tenantry.jobs ON DELETE CASCADE,
  tenant uuid NOT NULL,
  service text NOT NULL,
  version bigint NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  place text,
  at timestamptz NOT NULL DEFAULT now(),
  mended_at timestamptz,
  PRIMARY KEY (job, tenant, service)
);
COMMENT ON TABLE tenantry.rollout_failures IS 'Which tenant a rollout could not bring along, and why. No foreign key: the report outlives the tenant.';
COMMENT ON COLUMN tenantry.rollout_failures.version IS 'The migration that failed, to be applied or to be taken back.';
COMMENT ON COLUMN tenantry.rollout_failures.place IS 'File, line and column of the statement.';
CREATE INDEX ON tenantry.rollout_failures (tenant, service) WHERE mended_at IS NULL;

-- Who tries a failed rollout again means its failed tenants, too.
CREATE FUNCTION tenantry.rollout_retried() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  DELETE FROM tenantry.rollout_failures WHERE job = NEW.id;
  RETURN NULL;
END $f$;
CREATE TRIGGER retried AFTER UPDATE OF status ON tenantry.jobs
  FOR EACH ROW WHEN (OLD.kind = 'rollout' AND OLD.status = 'failed' AND NEW.status = 'queued')
  EXECUTE FUNCTION tenantry.rollout_retried();
