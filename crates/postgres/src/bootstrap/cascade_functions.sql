-- Actions of foreign keys (ON DELETE CASCADE, SET NULL, ...) that meet triggers of the app, in shared tables. PostgreSQL runs
-- an action as the owner of the table that refers and past row-level security, forced or not, and BEFORE triggers run inside
-- of it: what they read and change would be every tenant's. So a trigger does the action before the server does, and another
-- one keeps the server from doing it again. Runs again in databases that were made by an earlier version.

-- AFTER DELETE or UPDATE on a table referred to: what its foreign keys do, where the table that refers has the trigger below.
-- Runs as the owner, as the server's action does, but under row-level security. The search_path is the one of the app's
-- tables, since the app's triggers run inside of it.
CREATE OR REPLACE FUNCTION tenantry.cascade() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = shared, global, extensions, pg_temp AS $f$
DECLARE key record;
BEGIN
  FOR key IN
    SELECT c.conrelid::regclass AS child,
           a.action,
           CASE t.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS alone,
           string_agg(format('($1).%I OPERATOR(%I.%s) child.%I', r.attname, n.nspname, e.oprname, o.attname), ' AND ') AS pairs,
           string_agg(format('%I = ($2).%I', o.attname, r.attname), ', ') AS taken,
           string_agg(format('%I = %s', o.attname, CASE a.action WHEN 'n' THEN 'NULL' ELSE 'DEFAULT' END), ', ')
             FILTER (WHERE coalesce(cardinality(c.confdelsetcols), 0) = 0 OR o.attnum = ANY (c.confdelsetcols)) AS sets,
           TG_OP = 'DELETE' OR bool_or(to_jsonb(OLD) -> r.attname::text IS DISTINCT FROM to_jsonb(NEW) -> r.attname::text) AS changed
      FROM pg_constraint c
      JOIN pg_class t ON t.oid = c.conrelid
     CROSS JOIN LATERAL (SELECT CASE TG_OP WHEN 'DELETE' THEN c.confdeltype ELSE c.confupdtype END) a (action)
     CROSS JOIN LATERAL ROWS FROM (unnest(c.conkey), unnest(c.confkey), unnest(c.conpfeqop)) p (own, other, equals)
      JOIN pg_attribute o ON o.attrelid = c.conrelid AND o.attnum = p.own
      JOIN pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = p.other
      JOIN pg_operator e ON e.oid = p.equals
      JOIN pg_namespace n ON n.oid = e.oprnamespace
     WHERE c.contype = 'f' AND c.conparentid = 0
       AND (c.confrelid = TG_RELID OR c.confrelid IN (SELECT relid FROM pg_partition_ancestors(TG_RELID)))
       AND a.action IN ('c', 'n', 'd')
       AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.conrelid AND g.tgfoid = 'tenantry.cascaded()'::regprocedure
                      AND g.tgenabled IN ('O', 'A'))
     GROUP BY c.oid, c.conrelid, t.relkind, a.action
     ORDER BY c.oid
  LOOP
    IF NOT key.changed THEN
      CONTINUE;
    END IF;
    IF key.action = 'c' AND TG_OP = 'DELETE' THEN
      EXECUTE format('DELETE FROM %s%s child WHERE %s', key.alone, key.child, key.pairs) USING OLD;
    ELSIF key.action = 'c' THEN
      EXECUTE format('UPDATE %s%s child SET %s WHERE %s', key.alone, key.child, key.taken, key.pairs) USING OLD, NEW;
    ELSE
      EXECUTE format('UPDATE %s%s child SET %s WHERE %s', key.alone, key.child, key.sets, key.pairs) USING OLD;
    END IF;
  END LOOP;
  RETURN NULL;
END $f$;

-- BEFORE DELETE or UPDATE on a table that refers, where row-level security is passed by: the server's own action, which finds
-- nothing any more but what the app's triggers have kept, and leaves it alone. Whoever else passes by (a superuser, who owns
-- nothing here; anybody while the table is not forced) does as it likes.
CREATE OR REPLACE FUNCTION tenantry.cascaded() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  pairs text;
  is_seen boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = TG_RELID AND c.relforcerowsecurity
                    AND pg_get_userbyid(c.relowner) = current_user) THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  -- 8 and 16 in tgtype: the trigger fires on DELETE, on UPDATE.
  IF EXISTS (
    SELECT FROM pg_constraint c
     CROSS JOIN LATERAL (VALUES (8, c.confdeltype), (16, c.confupdtype)) a (event, action)
     WHERE c.contype = 'f' AND c.conparentid = 0
       AND (c.conrelid = TG_RELID OR c.conrelid IN (SELECT relid FROM pg_partition_ancestors(TG_RELID)))
       AND CASE TG_OP WHEN 'DELETE' THEN a.event = 8 AND a.action = 'c'
                      ELSE a.action IN ('n', 'd') OR a.event = 16 AND a.action = 'c' END
       AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.confrelid AND g.tgenabled IN ('O', 'A')
                          AND g.tgfoid = 'tenantry.cascade()'::regprocedure AND g.tgtype & a.event <> 0)) THEN
    RAISE EXCEPTION 'the action of a foreign key of % would pass by row-level security', TG_RELID::regclass
      USING ERRCODE = '0A000', HINT = 'Enable the trigger !tenantry_cascade of the table that it refers to; `tenantry doctor` tells where one is missing.';
  END IF;
  -- In these a row may be there that the trigger before could not see; the server would say so.
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    SELECT string_agg(format('child.%I = ($1).%1$I AND ', a.attname), '') INTO pairs
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = TG_RELID AND i.indisprimary;
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s child WHERE %s to_jsonb(child.*) = to_jsonb($1))', TG_RELID::regclass, pairs)
      INTO is_seen USING OLD;
    IF NOT is_seen THEN
      RAISE EXCEPTION 'could not serialize access due to concurrent update' USING ERRCODE = '40001';
    END IF;
  END IF;
  RETURN NULL;
END $f$;

-- Actions of foreign keys between shared tables that run something of the app past row-level security, with what mends them.
CREATE OR REPLACE FUNCTION tenantry.unguarded_cascades(OUT holder text, OUT key name, OUT met name, OUT mend text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH keys AS (
    SELECT c.conrelid, c.confrelid, c.conname, a.event, CASE a.action WHEN 'c' THEN a.event ELSE 16 END AS fires
      FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
     CROSS JOIN LATERAL (VALUES (8, c.confdeltype), (16, c.confupdtype)) a (event, action)
     WHERE c.contype = 'f' AND c.conparentid = 0 AND a.action IN ('c', 'n', 'd')
       AND t.relnamespace = to_regnamespace('shared')),
  -- 1 and 2 in tgtype: for each row, before; in ev_type 2 is UPDATE, 4 is DELETE.
  inside AS (
    SELECT g.tgrelid AS relation, g.tgname AS name, g.tgtype::integer AS fires, g.tgtype & 1 <> 0 AS of_rows
      FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
     WHERE NOT g.tgisinternal AND g.tgtype & 2 <> 0 AND p.pronamespace <> 'tenantry'::regnamespace
    UNION ALL
    SELECT r.ev_class, r.rulename, CASE r.ev_type WHEN '2' THEN 16 WHEN '4' THEN 8 ELSE 0 END, false
      FROM pg_rewrite r WHERE r.rulename <> '_RETURN'),
  guards AS (
    SELECT g.tgrelid AS relation, g.tgtype::integer AS fires, p.proname AS name
      FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
     WHERE p.pronamespace = 'tenantry'::regnamespace AND p.proname IN ('cascade', 'cascaded') AND g.tgenabled IN ('O', 'A'))
  SELECT DISTINCT k.conrelid::regclass::text, k.conname, i.name, m.mend
    FROM keys k JOIN pg_class c ON c.oid = k.conrelid
    JOIN inside i ON i.fires & k.fires <> 0
     AND (i.relation = k.conrelid OR i.relation IN (SELECT p.relid FROM pg_partition_tree(k.conrelid) p))
   CROSS JOIN LATERAL (VALUES
     (NOT i.of_rows, format('ALTER TABLE %s DROP CONSTRAINT %I; -- and make it again with NO ACTION', k.conrelid::regclass, k.conname)),
     (i.of_rows AND NOT EXISTS (SELECT FROM guards g WHERE g.relation = k.conrelid AND g.name = 'cascaded'),
      format('CREATE TRIGGER %I BEFORE DELETE OR UPDATE ON %s FOR EACH ROW WHEN (NOT pg_catalog.row_security_active(%L::regclass)) '
        'EXECUTE FUNCTION tenantry.cascaded();', '!tenantry_cascaded_' || c.relname, k.conrelid::regclass, k.conrelid::regclass)),
     (i.of_rows AND NOT EXISTS (SELECT FROM guards g WHERE g.relation = k.confrelid AND g.name = 'cascade' AND g.fires & k.event <> 0),
      CASE k.event WHEN 8 THEN format('CREATE TRIGGER "!tenantry_cascade" AFTER DELETE ON %s FOR EACH ROW '
          'EXECUTE FUNCTION tenantry.cascade();', k.confrelid::regclass)
        ELSE format('CREATE TRIGGER %I AFTER UPDATE ON %s FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) '
          'EXECUTE FUNCTION tenantry.cascade();', '!tenantry_cascade_' || k.conname, k.confrelid::regclass) END))
     m (lacks, mend)
   WHERE m.lacks
   ORDER BY 1, 2, 3, 4;
END;

ALTER FUNCTION tenantry.cascade() OWNER TO :"owner";
ALTER FUNCTION tenantry.cascaded() OWNER TO :"platform";
ALTER FUNCTION tenantry.unguarded_cascades() OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.cascade(), tenantry.cascaded(), tenantry.unguarded_cascades() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.cascade(), tenantry.cascaded(), tenantry.unguarded_cascades() TO :"owner";
