-- What the gateway's login may read of the secrets: the one that passwords and salts follow from, and no other.
CREATE VIEW tenantry.gateway_secret WITH (security_barrier) AS
  SELECT value FROM tenantry.secrets WHERE name = 'credentials';
REVOKE ALL ON tenantry.gateway_secret FROM PUBLIC;
COMMENT ON VIEW tenantry.gateway_secret IS 'The installation''s secret, for the gateway''s login.';
