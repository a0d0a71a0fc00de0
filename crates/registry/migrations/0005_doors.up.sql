-- Secrets that open a door of the gateway, and word of everything that the gateway's directory holds.

CREATE TABLE tenantry.door_secrets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  door text NOT NULL CHECK (door IN ('tenant', 'app', 'admin')),
  tenant uuid REFERENCES tenantry.tenants ON DELETE CASCADE,
  role text,
  kind text NOT NULL CHECK (kind IN ('password', 'token')),
  stored_key bytea NOT NULL CHECK (octet_length(stored_key) = 32),
  server_key bytea NOT NULL CHECK (octet_length(server_key) = 32),
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  CHECK ((door = 'tenant') = (tenant IS NOT NULL)),
  CHECK (role IS NULL OR tenant IS NOT NULL),
  CHECK (kind <> 'token' OR expires_at IS NOT NULL)
);
COMMENT ON TABLE tenantry.door_secrets IS 'What clients of the gateway prove themselves with: nothing here lets anybody log in (RFC 5802).';
COMMENT ON COLUMN tenantry.door_secrets.role IS 'A role of the tenant; null: the tenant''s own login.';
COMMENT ON COLUMN tenantry.door_secrets.stored_key IS 'Under the one salt of door, tenant and role, which follows from the installation''s secret.';
CREATE INDEX ON tenantry.door_secrets (tenant);
CREATE INDEX ON tenantry.door_secrets (expires_at);

-- Word of a tenant's id, or of * where it is no tenant's.
CREATE FUNCTION tenantry.directory_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  old_tenant text := coalesce(old_row ->> TG_ARGV[0], '*');
  new_tenant text := coalesce(new_row ->> TG_ARGV[0], '*');
BEGIN
  IF old_row IS NOT NULL THEN
    PERFORM pg_notify('tenantry_tenants', old_tenant);
  END IF;
  IF new_row IS NOT NULL AND (old_row IS NULL OR old_tenant <> new_tenant) THEN
    PERFORM pg_notify('tenantry_tenants', new_tenant);
  END IF;
  RETURN NULL;
END $f$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON tenantry.door_secrets
  FOR EACH ROW EXECUTE FUNCTION tenantry.directory_changed('tenant');
-- A rollout moves the versions of thousands of placements, which the directory does not hold.
CREATE TRIGGER changed AFTER INSERT OR DELETE OR UPDATE OF tenant, service, cluster, database, schema_name, isolation
  ON tenantry.placements FOR EACH ROW EXECUTE FUNCTION tenantry.directory_changed('tenant');
-- Updates are told by the trigger touched.
CREATE TRIGGER changed AFTER INSERT OR DELETE ON tenantry.tenants
  FOR EACH ROW EXECUTE FUNCTION tenantry.directory_changed('id');
