-- Variations: what is meant to be different in one tenant's schema.

CREATE TABLE tenantry.variations (
  tenant uuid NOT NULL REFERENCES tenantry.tenants ON DELETE CASCADE,
  service text NOT NULL REFERENCES tenantry.services,
  name text NOT NULL,
  file text NOT NULL,
  text text NOT NULL,
  checksum text NOT NULL,
  version bigint NOT NULL,
  changes jsonb NOT NULL,
  actor text NOT NULL,
  job bigint NOT NULL,
  declared_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, service, name)
);
COMMENT ON COLUMN tenantry.variations.version IS 'The newest migration that the tenant held then.';
COMMENT ON COLUMN tenantry.variations.changes IS 'The objects that it added, changed or dropped; the data database holds them in full.';
