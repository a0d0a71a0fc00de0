DO $application$
DECLARE
  space name;
  named name;
BEGIN
  SET LOCAL ROLE NONE;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relrowsecurity) THEN
    RETURN;
  END IF;
  -- Runs of other histories on the same server may make it at the same time.
  BEGIN
    CREATE ROLE tenantry_score_application;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  FOR space IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %1$I TO tenantry_score_application;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO tenantry_score_application;
      GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA %1$I TO tenantry_score_application;
      GRANT EXECUTE ON ALL ROUTINES IN SCHEMA %1$I TO tenantry_score_application', space);
  END LOOP;
  -- It is what the policies are for.
  FOR named IN SELECT DISTINCT r.rolname FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles) LOOP
    BEGIN
      EXECUTE pg_catalog.format('GRANT %I TO tenantry_score_application', named);
    EXCEPTION WHEN unique_violation OR invalid_grant_operation THEN NULL;
    END;
  END LOOP;
  SET ROLE tenantry_score_application;
END $application$;
