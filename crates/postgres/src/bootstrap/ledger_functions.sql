-- How migrations are noted. A tenant's owner notes its own, in the transaction that applies them; the platform those of the
-- templates. Runs again in databases that were made by an earlier version.
SET LOCAL ROLE :"platform";

CREATE OR REPLACE FUNCTION tenantry.own_target(wanted text) RETURNS text LANGUAGE sql STABLE
RETURN CASE
  WHEN pg_catalog.starts_with(session_user::text, 'o_') THEN pg_catalog.substr(session_user::text, 3, 32)::uuid::text
  ELSE wanted
END;

-- In the transaction of the statement itself. Of two workers that do the same, the second one fails here.
CREATE OR REPLACE FUNCTION tenantry.note_progress(wanted text, migration bigint, done integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF done = 1 THEN
    INSERT INTO tenantry.progress (target, version, statements) VALUES (tenantry.own_target(wanted), migration, 1);
    RETURN;
  END IF;
  UPDATE tenantry.progress SET statements = done
   WHERE target = tenantry.own_target(wanted) AND version = migration AND statements = done - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'statement % of migration % was done by somebody else', done, migration USING ERRCODE = 'TY001';
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION tenantry.progress_of(wanted text, migration bigint) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(max(statements), 0) FROM tenantry.progress
   WHERE target = tenantry.own_target(wanted) AND version = migration;
END;

-- The ledger of the templates, and of a database of the tenant's own, gains a row.
CREATE OR REPLACE FUNCTION tenantry.note_migration(wanted text, migration bigint, title text, sum text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  DELETE FROM tenantry.progress WHERE target = tenantry.own_target(wanted) AND version = migration;
  INSERT INTO tenantry.ledger (target, version, name, checksum)
  VALUES (CASE WHEN starts_with(session_user, 'o_') THEN 'template' ELSE wanted END, migration, title, sum);
END $f$;

-- It loses the row again.
CREATE OR REPLACE FUNCTION tenantry.forget_migration(wanted text, migration bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  DELETE FROM tenantry.progress WHERE target = tenantry.own_target(wanted) AND version = migration;
  DELETE FROM tenantry.ledger
   WHERE target = CASE WHEN starts_with(session_user, 'o_') THEN 'template' ELSE wanted END AND version = migration;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'migration % was taken back by somebody else', migration USING ERRCODE = 'TY001';
  END IF;
END $f$;

-- In a data database a tenant moves from one version to the next or back: once, whoever tries, since the row is locked
-- until the transaction ends.
CREATE OR REPLACE FUNCTION tenantry.move_version(wanted text, before bigint, after bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  DELETE FROM tenantry.progress WHERE target = tenantry.own_target(wanted) AND version = greatest(before, after);
  UPDATE tenantry.local_tenants SET version = after WHERE id = tenantry.own_target(wanted)::uuid AND version = before;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the tenant is not at version % any more', before USING ERRCODE = 'TY001';
  END IF;
END $f$;

-- Word to the gateways, which rewrite statements by the shared tables, in the transaction that changes these. What is noted
-- of a single tenant concerns nobody else.
CREATE OR REPLACE FUNCTION tenantry.tables_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF coalesce(NEW.target, OLD.target) !~ '^[0-9a-f-]{36}$' THEN
    NOTIFY tenantry_tables;
  END IF;
  RETURN NULL;
END $f$;
CREATE OR REPLACE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON tenantry.ledger
  FOR EACH ROW EXECUTE FUNCTION tenantry.tables_changed();
CREATE OR REPLACE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON tenantry.progress
  FOR EACH ROW EXECUTE FUNCTION tenantry.tables_changed();

-- What the templates and the shared tables held right after a migration, as JSON: what was changed by hand since then is
-- seen, and a tenant that lags behind can be compared with its own version. target: 'shared', 'global', 'template',
-- 'database' (the template database, kept here too).
CREATE TABLE IF NOT EXISTS tenantry.catalogs (
  target text NOT NULL,
  version bigint NOT NULL,
  catalog text NOT NULL,
  PRIMARY KEY (target, version)
);

-- What is meant to be different in one tenant's schema, noted in the transaction that makes it so. target: the tenant's id.
CREATE TABLE IF NOT EXISTS tenantry.variations (
  target text NOT NULL,
  name text NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY,
  checksum text NOT NULL,
  changes text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, name)
);

-- As with migrations, a tenant's owner notes its own variations, each once.
CREATE OR REPLACE FUNCTION tenantry.note_variation(wanted text, title text, sum text, what text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO tenantry.variations (target, name, checksum, changes)
  VALUES (tenantry.own_target(wanted), title, sum, what);
END;

CREATE OR REPLACE FUNCTION tenantry.forget_variation(wanted text, title text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM tenantry.variations WHERE target = tenantry.own_target(wanted) AND name = title;
END;

RESET ROLE;
REVOKE ALL ON FUNCTION tenantry.tables_changed(), tenantry.own_target(text), tenantry.note_progress(text, bigint, integer),
  tenantry.progress_of(text, bigint), tenantry.note_migration(text, bigint, text, text),
  tenantry.forget_migration(text, bigint), tenantry.move_version(text, bigint, bigint),
  tenantry.note_variation(text, text, text, text), tenantry.forget_variation(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.own_target(text), tenantry.note_progress(text, bigint, integer),
  tenantry.progress_of(text, bigint), tenantry.note_migration(text, bigint, text, text),
  tenantry.forget_migration(text, bigint), tenantry.move_version(text, bigint, bigint),
  tenantry.note_variation(text, text, text, text), tenantry.forget_variation(text, text) TO :"owners";
