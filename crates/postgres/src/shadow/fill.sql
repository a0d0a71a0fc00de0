-- Written with psql's variables. In a shadow the app's tables stand in a schema whose name is the placeholder that shaped
-- statements have for it, so that a text which a block puts together from the catalog can be shaped like any other.
ALTER SCHEMA :"old_schema" RENAME TO :"schema";
CREATE SCHEMA tenantry_shadow;
CREATE TABLE tenantry_shadow.noted (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, statement text NOT NULL);
CREATE TABLE tenantry_shadow.fired (tag text NOT NULL);

CREATE FUNCTION tenantry_shadow.note(statement text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF note.statement IS NOT NULL THEN
    INSERT INTO tenantry_shadow.noted (statement) VALUES (note.statement);
  END IF;
  -- What says something of roles is left out of every shape, and the roles are not there.
  IF note.statement ~* '^\s*((create|alter|drop)\s+(role|user|group)|grant|revoke|reassign\s+owned|alter\s+default\s+privileges)\s'
    OR note.statement ~* '^\s*alter\s+[a-z ]+\s("[^"]+"|[\w$.])+\s*(\([^)]*\))?\s+owner\s+to\s' THEN
    RETURN 'SELECT';
  END IF;
  RETURN note.statement;
END $f$;

-- A definition that nobody noted shows in the number of those that the server saw.
CREATE FUNCTION tenantry_shadow.fire() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  INSERT INTO tenantry_shadow.fired (tag) VALUES (tg_tag);
END $f$;
REVOKE ALL ON FUNCTION tenantry_shadow.note(text), tenantry_shadow.fire() FROM PUBLIC;
GRANT USAGE ON SCHEMA tenantry_shadow TO :"owner";
GRANT EXECUTE ON FUNCTION tenantry_shadow.note(text) TO :"owner";
CREATE EVENT TRIGGER tenantry_shadow ON ddl_command_end EXECUTE FUNCTION tenantry_shadow.fire();
