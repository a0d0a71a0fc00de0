-- Default privileges of the owner are objects too; what it owned elsewhere has gone with its schema or database.
DO $drop$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'owner') THEN
    EXECUTE pg_catalog.format('DROP OWNED BY %I CASCADE', :'owner');
    EXECUTE pg_catalog.format('DROP ROLE %I', :'owner');
  END IF;
END $drop$;
