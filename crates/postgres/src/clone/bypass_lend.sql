-- The template's policies bind the owner of the clone, who must copy every row. While it does, it passes by them: nobody
-- else ever sees the role like this, since the same transaction takes it back.
DO $lend$
DECLARE
  copier name := current_user;
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = copier AND (rolsuper OR rolbypassrls)) THEN
    RETURN;
  END IF;
  SET LOCAL ROLE NONE;
  EXECUTE pg_catalog.format('ALTER ROLE %I BYPASSRLS', copier);
  EXECUTE pg_catalog.format('SET LOCAL ROLE %I', copier);
  PERFORM pg_catalog.set_config('tenantry.lent_to', copier::text, true);
END $lend$;
