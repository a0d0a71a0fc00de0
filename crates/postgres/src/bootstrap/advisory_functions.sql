-- Advisory locks of a tenant's own. PostgreSQL's are common to a database and taken from tenants' roles; these have the
-- same names without `pg_`, and rewritten migrations call them in every isolation. Runs again in databases that were made by
-- an earlier version. Written with psql's variables:
--   locks_max    locks that one session may hold
--   calls_max    calls between two counts of them
GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_lock(bigint), pg_catalog.pg_advisory_lock_shared(bigint),
  pg_catalog.pg_advisory_xact_lock(bigint), pg_catalog.pg_advisory_xact_lock_shared(bigint),
  pg_catalog.pg_try_advisory_lock(bigint), pg_catalog.pg_try_advisory_lock_shared(bigint),
  pg_catalog.pg_try_advisory_xact_lock(bigint), pg_catalog.pg_try_advisory_xact_lock_shared(bigint),
  pg_catalog.pg_advisory_unlock(bigint), pg_catalog.pg_advisory_unlock_shared(bigint),
  pg_catalog.pg_lock_status(), pg_catalog.pg_stat_get_xact_numscans(oid) TO :"platform";
SET LOCAL ROLE :"platform";

-- What nobody knows, so that nobody can look for a key of its own that meets another tenant's.
CREATE TABLE IF NOT EXISTS tenantry.advisory_secret (value bytea NOT NULL);
INSERT INTO tenantry.advisory_secret
SELECT pg_catalog.sha256(pg_catalog.uuid_send(gen_random_uuid()) || pg_catalog.uuid_send(gen_random_uuid()))
 WHERE NOT EXISTS (SELECT FROM tenantry.advisory_secret);

-- Empty, and read once by every call that takes a lock: the server counts that for the session, where SQL can't reach it.
CREATE TABLE IF NOT EXISTS tenantry.advisory_calls ();

-- The server's key for a tenant's: 62 bits of a hash, above every key that Tenantry itself uses. Two keys of one tenant that
-- share one wait for each other without need, and nothing worse. Private.
CREATE OR REPLACE FUNCTION tenantry.advisory_key(own text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  tenant text := CASE
    WHEN session_user::text ~ '^[to]_[0-9a-f]{32}' THEN substr(session_user::text, 3, 32)::uuid::text
    WHEN pg_has_role(session_user, :'app_role', 'MEMBER')
      THEN nullif(current_setting('app.current_tenant', true), '')::uuid::text END;
  secret bytea;
BEGIN
  -- A migration at work on a template has no tenant; the app door's login must.
  IF tenant IS NULL AND session_user = :'app_role' THEN
    PERFORM tenantry.no_tenant();
  END IF;
  SELECT s.value INTO STRICT secret FROM tenantry.advisory_secret s;
  RETURN ('x' || substr(encode(sha256(secret || convert_to(coalesce(tenant, '') || ' ' || own, 'UTF8')), 'hex'), 1, 16))
    ::bit(64)::bigint & 4611686018427387903 | 4611686018427387904;
END $f$;

-- The same for a call that takes a lock: the server's table of locks has room for all sessions together, so each gets its
-- share. Counting looks at the locks of the whole server, so it is done at the first call of a transaction (or of several
-- that follow at once) and then now and again. Private.
CREATE OR REPLACE FUNCTION tenantry.advisory_key_to_take(own text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE calls bigint;
BEGIN
  PERFORM FROM tenantry.advisory_calls;
  calls := pg_stat_get_xact_numscans('tenantry.advisory_calls'::regclass);
  IF coalesce(calls, 0) = 0 OR (calls - 1) % :calls_max = 0 THEN
    IF (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') >= :locks_max THEN
      -- The next call counts again: what is refused here is not had by asking once more.
      FOR i IN 2 .. :calls_max LOOP
        PERFORM FROM tenantry.advisory_calls;
      END LOOP;
      RAISE EXCEPTION 'too many advisory locks: a session may hold :locks_max'
        USING ERRCODE = '53400', HINT = 'Release some, or lock something that stands for many.';
    END IF;
  END IF;
  RETURN tenantry.advisory_key(own);
END $f$;

-- Until the end of the transaction. Those in PL/pgSQL are so because void is NULL in SQL, and is not in the server's.
CREATE OR REPLACE FUNCTION tenantry.advisory_xact_lock(key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(tenantry.advisory_key_to_take(key::text)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_xact_lock(key1 integer, key2 integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(tenantry.advisory_key_to_take(key1 || ',' || key2)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_xact_lock_shared(key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared(tenantry.advisory_key_to_take(key::text)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_xact_lock_shared(key1 integer, key2 integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared(tenantry.advisory_key_to_take(key1 || ',' || key2)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.try_advisory_xact_lock(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_xact_lock(tenantry.advisory_key_to_take(key::text));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_xact_lock(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_xact_lock(tenantry.advisory_key_to_take(key1 || ',' || key2));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_xact_lock_shared(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_xact_lock_shared(tenantry.advisory_key_to_take(key::text));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_xact_lock_shared(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_xact_lock_shared(tenantry.advisory_key_to_take(key1 || ',' || key2));

-- Until the session gives them back, or ends.
CREATE OR REPLACE FUNCTION tenantry.advisory_lock(key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_lock(tenantry.advisory_key_to_take(key::text)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_lock(key1 integer, key2 integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_lock(tenantry.advisory_key_to_take(key1 || ',' || key2)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_lock_shared(key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_lock_shared(tenantry.advisory_key_to_take(key::text)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.advisory_lock_shared(key1 integer, key2 integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN PERFORM pg_catalog.pg_advisory_lock_shared(tenantry.advisory_key_to_take(key1 || ',' || key2)); END $f$;
CREATE OR REPLACE FUNCTION tenantry.try_advisory_lock(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_lock(tenantry.advisory_key_to_take(key::text));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_lock(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_lock(tenantry.advisory_key_to_take(key1 || ',' || key2));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_lock_shared(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_lock_shared(tenantry.advisory_key_to_take(key::text));
CREATE OR REPLACE FUNCTION tenantry.try_advisory_lock_shared(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_try_advisory_lock_shared(tenantry.advisory_key_to_take(key1 || ',' || key2));
CREATE OR REPLACE FUNCTION tenantry.advisory_unlock(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_advisory_unlock(tenantry.advisory_key(key::text));
CREATE OR REPLACE FUNCTION tenantry.advisory_unlock(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_advisory_unlock(tenantry.advisory_key(key1 || ',' || key2));
CREATE OR REPLACE FUNCTION tenantry.advisory_unlock_shared(key bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_advisory_unlock_shared(tenantry.advisory_key(key::text));
CREATE OR REPLACE FUNCTION tenantry.advisory_unlock_shared(key1 integer, key2 integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.pg_advisory_unlock_shared(tenantry.advisory_key(key1 || ',' || key2));

-- What the session holds of these, and nothing of Tenantry's. The server warns of locks that are the transaction's.
CREATE OR REPLACE FUNCTION tenantry.advisory_unlock_all() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $f$
DECLARE held record;
BEGIN
  FOR held IN
    SELECT classid::bigint << 32 | objid::bigint AS key, mode = 'ShareLock' AS shared FROM pg_locks
     WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objsubid = 1 AND granted
       AND classid::bigint BETWEEN 1073741824 AND 2147483647
  LOOP
    LOOP
      EXIT WHEN NOT CASE WHEN held.shared THEN pg_advisory_unlock_shared(held.key) ELSE pg_advisory_unlock(held.key) END;
    END LOOP;
  END LOOP;
END $f$;

-- What a function calls before it refreshes a materialized view in shared tables, with the owner's rights: one session of a
-- tenant's after the other, as the server's REFRESH would do it, and no other tenant waits. Migrations refresh for one tenant
-- after the other and take the table itself.
CREATE OR REPLACE FUNCTION tenantry.lock_refresh(view regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF session_user::text ~ '^t_[0-9a-f]{32}' OR session_user = :'app_role' THEN
    PERFORM tenantry.advisory_xact_lock(hashtextextended('refresh ' || view::oid, 0));
  ELSE
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', view);
  END IF;
END $f$;

RESET ROLE;
REVOKE ALL ON FUNCTION tenantry.lock_refresh(regclass), tenantry.advisory_key(text), tenantry.advisory_key_to_take(text),
  tenantry.advisory_xact_lock(bigint), tenantry.advisory_xact_lock(integer, integer),
  tenantry.advisory_xact_lock_shared(bigint), tenantry.advisory_xact_lock_shared(integer, integer),
  tenantry.try_advisory_xact_lock(bigint), tenantry.try_advisory_xact_lock(integer, integer),
  tenantry.try_advisory_xact_lock_shared(bigint), tenantry.try_advisory_xact_lock_shared(integer, integer),
  tenantry.advisory_lock(bigint), tenantry.advisory_lock(integer, integer), tenantry.advisory_lock_shared(bigint),
  tenantry.advisory_lock_shared(integer, integer), tenantry.try_advisory_lock(bigint),
  tenantry.try_advisory_lock(integer, integer), tenantry.try_advisory_lock_shared(bigint),
  tenantry.try_advisory_lock_shared(integer, integer), tenantry.advisory_unlock(bigint),
  tenantry.advisory_unlock(integer, integer), tenantry.advisory_unlock_shared(bigint),
  tenantry.advisory_unlock_shared(integer, integer), tenantry.advisory_unlock_all() FROM PUBLIC;
REVOKE ALL ON tenantry.advisory_secret, tenantry.advisory_calls FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.lock_refresh(regclass) TO :"owner";
GRANT EXECUTE ON FUNCTION tenantry.advisory_xact_lock(bigint), tenantry.advisory_xact_lock(integer, integer),
  tenantry.advisory_xact_lock_shared(bigint), tenantry.advisory_xact_lock_shared(integer, integer),
  tenantry.try_advisory_xact_lock(bigint), tenantry.try_advisory_xact_lock(integer, integer),
  tenantry.try_advisory_xact_lock_shared(bigint), tenantry.try_advisory_xact_lock_shared(integer, integer),
  tenantry.advisory_lock(bigint), tenantry.advisory_lock(integer, integer), tenantry.advisory_lock_shared(bigint),
  tenantry.advisory_lock_shared(integer, integer), tenantry.try_advisory_lock(bigint),
  tenantry.try_advisory_lock(integer, integer), tenantry.try_advisory_lock_shared(bigint),
  tenantry.try_advisory_lock_shared(integer, integer), tenantry.advisory_unlock(bigint),
  tenantry.advisory_unlock(integer, integer), tenantry.advisory_unlock_shared(bigint),
  tenantry.advisory_unlock_shared(integer, integer), tenantry.advisory_unlock_all()
  TO :"shared_group", :"schema_group", :"database_group", :"app_role", :"owner", :"owners";
