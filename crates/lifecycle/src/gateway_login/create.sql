SELECT pg_catalog.pg_advisory_xact_lock(hashtext('tenantry bootstrap'));
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'role') THEN
    CREATE ROLE :"role";
  END IF;
END $do$;
ALTER ROLE :"role" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION;
