DO $take$
DECLARE
  copier name := current_user;
BEGIN
  IF pg_catalog.current_setting('tenantry.lent_to', true) IS DISTINCT FROM copier::text THEN
    RETURN;
  END IF;
  SET LOCAL ROLE NONE;
  EXECUTE pg_catalog.format('ALTER ROLE %I NOBYPASSRLS', copier);
  EXECUTE pg_catalog.format('SET LOCAL ROLE %I', copier);
  PERFORM pg_catalog.set_config('tenantry.lent_to', '', true);
END $take$;
