-- The registry: what the app has, who its tenants are, where their data lives, and what was done to them.

CREATE TABLE tenantry.settings (
  key text PRIMARY KEY,
  value jsonb NOT NULL
);
COMMENT ON TABLE tenantry.settings IS 'What the app is set to, for triggers that can''t read tenantry.toml.';

CREATE TABLE tenantry.secrets (
  name text PRIMARY KEY,
  value bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenantry.secrets IS 'Keys that credentials are derived from. Readable by the control plane alone.';

CREATE TABLE tenantry.clusters (
  name text PRIMARY KEY,
  region text,
  engine text NOT NULL DEFAULT 'postgres' CHECK (engine IN ('postgres', 'citus')),
  draining boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenantry.services (
  name text PRIMARY KEY,
  cluster text REFERENCES tenantry.clusters,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenantry.plans (
  name text PRIMARY KEY,
  definition jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE tenantry.tenants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Random, since names of roles may carry it and everybody sees those.
  number integer NOT NULL UNIQUE DEFAULT (1 + floor(random() * 2147483646))::integer CHECK (number > 0),
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'provisioning'
    CHECK (status IN ('provisioning', 'active', 'suspended', 'moving', 'deleting', 'deleted', 'failed')),
  plan text REFERENCES tenantry.plans,
  region text,
  cluster text REFERENCES tenantry.clusters,
  isolation text NOT NULL CHECK (isolation IN ('shared', 'schema', 'database')),
  owner_email text,
  settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  credential_generation integer NOT NULL DEFAULT 0,
  credential_expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  purge_after timestamptz,
  CHECK ((status = 'deleted') = (purge_after IS NOT NULL))
);
COMMENT ON COLUMN tenantry.tenants.purge_after IS 'A deleted tenant is kept, and can be restored, until then.';

CREATE TABLE tenantry.placements (
  tenant uuid NOT NULL REFERENCES tenantry.tenants,
  service text NOT NULL REFERENCES tenantry.services,
  cluster text NOT NULL REFERENCES tenantry.clusters,
  database text NOT NULL,
  schema_name text NOT NULL,
  isolation text NOT NULL CHECK (isolation IN ('shared', 'schema', 'database')),
  version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, service)
);
COMMENT ON COLUMN tenantry.placements.version IS 'The newest migration applied there.';
CREATE INDEX ON tenantry.placements (cluster, database);

CREATE TABLE tenantry.blanks (
  id uuid PRIMARY KEY,
  service text NOT NULL REFERENCES tenantry.services,
  cluster text NOT NULL REFERENCES tenantry.clusters,
  isolation text NOT NULL CHECK (isolation IN ('schema', 'database')),
  version bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('preparing', 'ready', 'taken')),
  job bigint,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenantry.blanks IS 'Schemas and databases prepared in advance, so that a new tenant only takes one.';
CREATE INDEX ON tenantry.blanks (service, cluster, isolation, version) WHERE status = 'ready';

CREATE TABLE tenantry.jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  tenant uuid REFERENCES tenantry.tenants ON DELETE SET NULL,
  slug text,
  actor text NOT NULL DEFAULT session_user,
  input jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'running', 'undoing', 'done', 'failed', 'cancelled')),
  background boolean NOT NULL DEFAULT false,
  attempts integer NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  fence bigint NOT NULL DEFAULT 0,
  worker bigint,
  lease_until timestamptz,
  run_after timestamptz NOT NULL DEFAULT now(),
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz
);
COMMENT ON COLUMN tenantry.jobs.fence IS 'Grows with every claim; a worker with an older one can write nothing.';
COMMENT ON COLUMN tenantry.jobs.worker IS 'Key of the advisory lock that the worker holds as long as it lives.';
CREATE INDEX ON tenantry.jobs (id) WHERE status IN ('queued', 'running', 'undoing');
CREATE INDEX ON tenantry.jobs (tenant, id);

CREATE TABLE tenantry.job_steps (
  job bigint NOT NULL REFERENCES tenantry.jobs ON DELETE CASCADE,
  position integer NOT NULL,
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('done', 'undone')),
  output jsonb NOT NULL DEFAULT 'null',
  finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job, position)
);

CREATE TABLE tenantry.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  tenant uuid,
  slug text,
  job bigint,
  detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE tenantry.audit IS 'What was done, by whom. No foreign keys: entries outlive what they tell of.';
CREATE INDEX ON tenantry.audit (tenant, id);

-- One door for new tenants: a plain INSERT, from a command or by hand, is checked, completed and provisioned.
CREATE FUNCTION tenantry.tenant_slug() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF NEW.slug IS NULL OR NEW.slug !~ '^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$' THEN
    RAISE EXCEPTION 'the slug % has not the form asked for', quote_nullable(NEW.slug)
      USING ERRCODE = '22023', CONSTRAINT = 'slug_invalid',
        HINT = 'Use 1 to 40 characters a-z, 0-9 and -, starting with a letter, not ending with -.';
  END IF;
  IF EXISTS (SELECT FROM tenantry.settings WHERE key = 'reserved_slugs' AND value ? NEW.slug) THEN
    RAISE EXCEPTION 'the slug % is reserved', quote_literal(NEW.slug)
      USING ERRCODE = '22023', CONSTRAINT = 'slug_reserved', HINT = 'Choose another slug.';
  END IF;
  RETURN NEW;
END $f$;
CREATE TRIGGER a_slug BEFORE INSERT OR UPDATE OF slug ON tenantry.tenants
  FOR EACH ROW EXECUTE FUNCTION tenantry.tenant_slug();

CREATE FUNCTION tenantry.tenant_before_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF NEW.status <> 'provisioning' THEN
    RAISE EXCEPTION 'a new tenant is provisioning, not %', NEW.status USING ERRCODE = '22023';
  END IF;
  NEW.name := coalesce(nullif(btrim(NEW.name), ''), NEW.slug);
  NEW.isolation := coalesce(NEW.isolation,
    (SELECT definition ->> 'isolation' FROM tenantry.plans WHERE name = NEW.plan),
    (SELECT value #>> '{}' FROM tenantry.settings WHERE key = 'default_isolation'));
  RETURN NEW;
END $f$;
CREATE TRIGGER before_insert BEFORE INSERT ON tenantry.tenants
  FOR EACH ROW EXECUTE FUNCTION tenantry.tenant_before_insert();

CREATE FUNCTION tenantry.tenant_after_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  INSERT INTO tenantry.jobs (kind, tenant, slug, actor)
  VALUES ('create', NEW.id, NEW.slug, coalesce(nullif(current_setting('tenantry.actor', true), ''), session_user));
  RETURN NULL;
END $f$;
CREATE TRIGGER after_insert AFTER INSERT ON tenantry.tenants
  FOR EACH ROW EXECUTE FUNCTION tenantry.tenant_after_insert();

CREATE FUNCTION tenantry.tenant_touched() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  NEW.updated_at := now();
  PERFORM pg_notify('tenantry_tenants', NEW.id::text);
  RETURN NEW;
END $f$;
CREATE TRIGGER touched BEFORE UPDATE ON tenantry.tenants
  FOR EACH ROW EXECUTE FUNCTION tenantry.tenant_touched();

CREATE FUNCTION tenantry.job_queued() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  PERFORM pg_notify('tenantry_jobs', NEW.id::text);
  RETURN NULL;
END $f$;
CREATE TRIGGER queued AFTER INSERT ON tenantry.jobs
  FOR EACH ROW EXECUTE FUNCTION tenantry.job_queued();
