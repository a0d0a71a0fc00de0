-- Grants to the login, its default privileges and its own objects in this database.
DO $drop$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'role') THEN
    EXECUTE pg_catalog.format('DROP OWNED BY %I CASCADE', :'role');
  END IF;
END $drop$;
