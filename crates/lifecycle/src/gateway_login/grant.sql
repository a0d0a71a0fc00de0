DO $do$
DECLARE
  parent text;
BEGIN
  FOR parent IN SELECT m.roleid::regrole::text FROM pg_catalog.pg_auth_members m WHERE m.member = :'role'::regrole LOOP
    EXECUTE pg_catalog.format('REVOKE %s FROM %s', parent, :'role'::regrole);
  END LOOP;
END $do$;
REVOKE ALL ON DATABASE :"database" FROM :"role";
REVOKE ALL ON SCHEMA tenantry, public FROM :"role";
REVOKE CREATE ON SCHEMA tenantry, public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA tenantry FROM PUBLIC, :"role";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA tenantry FROM PUBLIC, :"role";
REVOKE ALL ON ALL ROUTINES IN SCHEMA tenantry FROM PUBLIC, :"role";
GRANT CONNECT ON DATABASE :"database" TO :"role";
GRANT USAGE ON SCHEMA tenantry TO :"role";
GRANT SELECT (id, slug, number, status, isolation, plan, credential_generation) ON tenantry.tenants TO :"role";
GRANT SELECT (tenant, service, cluster, database, schema_name, isolation, version) ON tenantry.placements TO :"role";
GRANT SELECT (id, door, tenant, role, kind, stored_key, server_key, expires_at) ON tenantry.door_secrets TO :"role";
GRANT SELECT ON tenantry.gateway_secret TO :"role";
