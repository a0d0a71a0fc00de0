-- What applications in shared tables call in place of what is closed to them there, because it would change the session unseen
-- by the gateway. Each runs with its caller's rights.
SET LOCAL ROLE :"platform";

-- Stands in for set_config(). The gateway lets it through for the settings that SET may change too, and follows what it does;
-- what says who one is, or how a text is read, no way leads to from here.
CREATE OR REPLACE FUNCTION tenantry.set_config(setting text, value text, is_local boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  own CONSTANT text := lower(setting);
  closed CONSTANT text[] := ARRAY['app.current_tenant', 'client_encoding', 'role', 'row_security', 'search_path',
    'session_authorization', 'session_replication_role', 'standard_conforming_strings'];
  scope text;
BEGIN
  IF own IS NULL THEN
    RAISE EXCEPTION 'SET requires parameter name' USING ERRCODE = '22004';
  END IF;
  IF own = ANY (closed) OR starts_with(own, 'tenantry.') THEN
    RAISE EXCEPTION 'permission denied to set parameter "%"', own
      USING ERRCODE = '42501', HINT = 'Use SET as a statement of its own.';
  END IF;
  scope := CASE WHEN is_local THEN 'LOCAL' ELSE 'SESSION' END;
  IF value IS NULL THEN
    EXECUTE format('SET %s %I TO DEFAULT', scope, own);
  ELSE
    EXECUTE format('SET %s %I TO %L', scope, own, value);
  END IF;
  RETURN current_setting(own, true);
END $f$;

-- Stands in for RESET ALL at the app door: the tenant that the session works for stays.
CREATE OR REPLACE PROCEDURE tenantry.reset_all()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  tenant CONSTANT text := current_setting('app.current_tenant', true);
BEGIN
  RESET ALL;
  PERFORM set_config('app.current_tenant', coalesce(tenant, ''), false);
END $f$;

RESET ROLE;
REVOKE ALL ON FUNCTION tenantry.set_config(text, text, boolean) FROM PUBLIC;
REVOKE ALL ON PROCEDURE tenantry.reset_all() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.set_config(text, text, boolean) TO :"shared_group", :"app_role";
GRANT EXECUTE ON PROCEDURE tenantry.reset_all() TO :"app_role";
