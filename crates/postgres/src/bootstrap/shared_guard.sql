-- What a function of the app makes among the shared tables while it runs comes under row-level security too. Migrations
-- bring their own: their statements run at the top level, where the guard's own line is all that its context holds.
-- The tenant column is known by its default.
CREATE FUNCTION tenantry.guard_shared() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  context text;
  own name;
  made record;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  IF strpos(context, E'\n') = 0 AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    RETURN;
  END IF;
  -- Not before: it reads the defaults of every table of the database, and a rollout passes here for each tenant.
  SELECT a.attname INTO own
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_class c ON c.oid = d.adrelid
   WHERE c.relnamespace = 'shared'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) = :'current_tenant'
   LIMIT 1;
  FOR made IN
    SELECT DISTINCT c.oid, c.oid::regclass AS name, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
           a.attnum, coalesce(a.attnotnull, false) AS filled,
           coalesce(pg_get_expr(d.adbin, d.adrelid) = :'current_tenant', false) AS defaulted,
           coalesce(c.reloptions @> ARRAY['security_invoker=true'], false) AS invoker
      FROM pg_event_trigger_ddl_commands() e
      LEFT JOIN pg_index i ON i.indexrelid = e.objid AND e.classid = 'pg_class'::regclass
      JOIN pg_class c ON c.oid = coalesce(i.indrelid, e.objid) AND e.classid = 'pg_class'::regclass
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = own AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'shared'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  LOOP
    IF made.relkind = 'v' THEN
      IF NOT made.invoker THEN
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', made.name);
      END IF;
      CONTINUE;
    END IF;
    IF made.relkind IN ('m', 'f') OR made.attnum IS NULL THEN
      RAISE EXCEPTION '% is made while the application runs, and has no tenant column', made.name
        USING ERRCODE = '0A000', HINT = 'Make it by PARTITION OF, INHERITS or LIKE of a table of the migrations.';
    END IF;
    IF EXISTS (SELECT FROM pg_index i WHERE i.indrelid = made.oid AND (i.indisunique OR i.indisexclusion)
                  AND i.indkey[0] <> made.attnum) THEN
      RAISE EXCEPTION 'a key of % is made while the application runs, and does not start with the tenant column', made.name
        USING ERRCODE = '0A000', HINT = 'Make the table by PARTITION OF or LIKE ... INCLUDING INDEXES of one of the migrations.';
    END IF;
    IF NOT made.defaulted OR NOT made.filled THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s, ALTER COLUMN %2$I SET NOT NULL', made.name, own, :'current_tenant');
    END IF;
    IF NOT made.relrowsecurity OR NOT made.relforcerowsecurity THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', made.name);
    END IF;
    -- The statement above has made the trigger look at the table once more.
    IF NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = made.oid AND p.polname = 'tenantry') THEN
      EXECUTE format('CREATE POLICY tenantry ON %s USING (%I = (SELECT %s)) WITH CHECK (%2$I = (SELECT %3$s))',
                     made.name, own, :'current_tenant');
    END IF;
    PERFORM tenantry.refuse_cascades();
  END LOOP;
END $f$;

-- A function of the app can't hang what it makes into actions of foreign keys, which pass by row-level security: see
-- tenantry.cascade(). Migrations bring the triggers that keep them apart.
CREATE FUNCTION tenantry.refuse_cascades() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE found record;
BEGIN
  FOR found IN SELECT * FROM tenantry.unguarded_cascades() LOOP
    RAISE EXCEPTION '% would run inside of the action of the foreign key % of %', found.met, found.key, found.holder
      USING ERRCODE = '0A000', HINT = 'Make it in a migration.';
  END LOOP;
END $f$;
CREATE FUNCTION tenantry.guard_triggers() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE context text;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  IF strpos(context, E'\n') = 0 AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() e
               LEFT JOIN pg_trigger g ON g.oid = e.objid AND e.classid = 'pg_trigger'::regclass
               LEFT JOIN pg_rewrite r ON r.oid = e.objid AND e.classid = 'pg_rewrite'::regclass
               JOIN pg_class c ON c.oid IN (g.tgrelid, r.ev_class) WHERE c.relnamespace = 'shared'::regnamespace) THEN
    PERFORM tenantry.refuse_cascades();
  END IF;
END $f$;
ALTER FUNCTION tenantry.refuse_cascades() OWNER TO :"platform";
ALTER FUNCTION tenantry.guard_triggers() OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.refuse_cascades(), tenantry.guard_triggers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.refuse_cascades() TO :"owner";
CREATE EVENT TRIGGER tenantry_guard_triggers ON ddl_command_end
  WHEN TAG IN ('CREATE TRIGGER', 'CREATE RULE') EXECUTE FUNCTION tenantry.guard_triggers();

-- A function of the app can't change who sees which rows: policies come from migrations, which know what the boundary must
-- look like beside them. The one that the guard above makes passes, known by what it says.
CREATE FUNCTION tenantry.guard_policies() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  context text;
  made record;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  IF strpos(context, E'\n') = 0 AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    RETURN;
  END IF;
  FOR made IN
    SELECT p.polname, c.oid::regclass AS name
      FROM pg_event_trigger_ddl_commands() e
      JOIN pg_policy p ON p.oid = e.objid AND e.classid = 'pg_policy'::regclass
      JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'shared'::regnamespace
       AND NOT (p.polname = 'tenantry' AND p.polpermissive AND p.polcmd = '*' AND p.polroles = ARRAY[0::oid]
                AND NOT EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid AND o.oid <> p.oid)
                AND EXISTS (SELECT FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                             WHERE a.attrelid = c.oid AND pg_get_expr(d.adbin, d.adrelid) = :'current_tenant'
                               AND translate(pg_get_expr(p.polqual, c.oid), ' ()', '') = translate(format('%I=SELECT%sAS%I',
                                     a.attname, :'current_tenant', split_part(split_part(:'current_tenant', '.', 2), '(', 1)), '()', '')
                               AND pg_get_expr(p.polwithcheck, c.oid) = pg_get_expr(p.polqual, c.oid)))
  LOOP
    RAISE EXCEPTION 'policy % of % is made or changed while the application runs', made.polname, made.name
      USING ERRCODE = '0A000', HINT = 'Make it in a migration.';
  END LOOP;
END $f$;
ALTER FUNCTION tenantry.guard_policies() OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.guard_policies() FROM PUBLIC;
CREATE EVENT TRIGGER tenantry_guard_policies ON ddl_command_end
  WHEN TAG IN ('CREATE POLICY', 'ALTER POLICY') EXECUTE FUNCTION tenantry.guard_policies();

-- A function that a tenant calls can't take anything from the others.
CREATE FUNCTION tenantry.guard_drop() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE gone record;
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    RETURN;
  END IF;
  FOR gone IN
    SELECT object_type, object_identity FROM pg_event_trigger_dropped_objects()
     -- Before PostgreSQL 18 a policy has no schema here.
     WHERE original AND NOT is_temporary AND 'shared' IN (schema_name, CASE object_type WHEN 'policy' THEN address_names[1] END)
  LOOP
    RAISE EXCEPTION '% % would be dropped for every tenant', gone.object_type, gone.object_identity
      USING ERRCODE = '0A000', HINT = 'Drop it in a migration.';
  END LOOP;
END $f$;
ALTER FUNCTION tenantry.guard_drop() OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.guard_drop() FROM PUBLIC;
CREATE EVENT TRIGGER tenantry_guard_drop ON sql_drop EXECUTE FUNCTION tenantry.guard_drop();
ALTER FUNCTION tenantry.guard_shared() OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.guard_shared() FROM PUBLIC;
CREATE EVENT TRIGGER tenantry_guard_shared ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE INDEX', 'CREATE VIEW', 'ALTER VIEW',
               'CREATE MATERIALIZED VIEW', 'CREATE FOREIGN TABLE')
  EXECUTE FUNCTION tenantry.guard_shared();
