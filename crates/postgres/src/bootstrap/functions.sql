-- Tenantry's own schema in a data database: the current tenant, counters per tenant, the local map, the ledger.
-- Written with psql's variables, so that it can be run by hand:
--   platform    NOLOGIN role that owns everything here
--   app_role    login of the app door: the one login whose tenant comes from a setting
--   key_type    uuid, integer or bigint: the type of the tenant column
CREATE SCHEMA tenantry AUTHORIZATION :"platform";
SET LOCAL ROLE :"platform";

-- Fails closed. STABLE, so that the functions around it stay inlinable.
CREATE FUNCTION tenantry.no_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $f$
BEGIN
  RAISE EXCEPTION 'no tenant: this session belongs to no tenant'
    USING ERRCODE = '28000', HINT = 'Log in as a tenant, or set app.current_tenant through the app door.';
END $f$;

-- A tenant's login carries its id, which SQL can't forge. Only the app door's login (and a superuser) may name a tenant
-- in a setting. A single expression with every name bound when it is created: PostgreSQL inlines it into policies.
CREATE FUNCTION tenantry.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN pg_catalog.starts_with(session_user::text, 't_') THEN pg_catalog.substr(session_user::text, 3, 32)::uuid
  WHEN pg_catalog.pg_has_role(session_user, :'app_role', 'MEMBER')
    THEN COALESCE(NULLIF(pg_catalog.current_setting('app.current_tenant', true), '')::uuid, tenantry.no_tenant())
  ELSE tenantry.no_tenant()
END;

CREATE FUNCTION tenantry.get_current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN tenantry.current_tenant();

-- What stands in the tenant column: the id itself, or the tenant's number, which the login's name carries behind the id.
CREATE FUNCTION tenantry.current_tenant_key() RETURNS :key_type LANGUAGE sql STABLE PARALLEL SAFE
RETURN :key_expression;

-- Every tenant that has data in this database.
CREATE TABLE tenantry.local_tenants (
  id uuid PRIMARY KEY,
  key :key_type NOT NULL UNIQUE,
  isolation text NOT NULL CHECK (isolation IN ('shared', 'schema', 'database')),
  schema_name text NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Which migration stands where. target: 'shared', 'template', or a tenant's id.
CREATE TABLE tenantry.ledger (
  target text NOT NULL,
  version bigint NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, version)
);

-- How far a migration has come that can't run in one transaction: the number of statements done.
CREATE TABLE tenantry.progress (
  target text NOT NULL,
  version bigint NOT NULL,
  statements integer NOT NULL,
  PRIMARY KEY (target, version)
);

-- The highest fence seen of each job: a worker that lost its claim can't commit here any more.
CREATE TABLE tenantry.fences (
  job bigint PRIMARY KEY,
  fence bigint NOT NULL
);

CREATE FUNCTION tenantry.check_fence(job_id bigint, worker_fence bigint) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE highest bigint;
BEGIN
  INSERT INTO tenantry.fences AS f (job, fence) VALUES (job_id, worker_fence)
  ON CONFLICT (job) DO UPDATE SET fence = greatest(f.fence, excluded.fence)
  RETURNING fence INTO highest;
  IF highest > worker_fence THEN
    RAISE EXCEPTION 'job % was taken over by another worker', job_id USING ERRCODE = '40001';
  END IF;
END $f$;

-- Counters per tenant stand in for sequences in shared tables: a shared sequence would tell each tenant how much the
-- others write. The sequence (or identity column) itself is never advanced: it carries the definition.
CREATE TABLE tenantry.counters (
  tenant :key_type NOT NULL,
  relation oid NOT NULL,
  attribute smallint NOT NULL,
  last bigint NOT NULL,
  called boolean NOT NULL DEFAULT true,
  in_block boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, relation, attribute)
) WITH (fillfactor = 70);

-- The setting that holds a transaction's block of one counter: the value given last, the end of the block, its size. A
-- migration's transaction is several tenants, one after the other, and each has blocks of its own.
CREATE FUNCTION tenantry.block_setting(relation_id oid, attribute_number smallint, tenant :key_type) RETURNS text
LANGUAGE sql STABLE
RETURN 'tenantry.block_' || relation_id || '_' || attribute_number || '_' || translate(tenant::text, '-', '_');

-- The next value of one counter. Private: its callers below have checked what they pass. The row stays locked until the
-- transaction ends, so a transaction that takes many values takes them in blocks that double (else every value would
-- leave a dead row version for the next one to step over); what is left of a block goes back at the end.
CREATE FUNCTION tenantry.advance(relation_id oid, attribute_number smallint, first bigint, increment bigint,
    minimum bigint, maximum bigint, cycles boolean)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  me :key_type := tenantry.current_tenant_key();
  setting text := tenantry.block_setting(relation_id, attribute_number, me);
  block bigint[] := nullif(current_setting(setting, true), '')::bigint[];
  size bigint := 1;
  value bigint;
BEGIN
  IF block[1] <> block[2] THEN
    value := block[1] + increment;
    PERFORM set_config(setting, ARRAY[value, block[2], block[3]]::text, true);
    RETURN value;
  END IF;
  IF block IS NOT NULL THEN
    size := least(block[3] * 2, 1024);
    UPDATE tenantry.counters AS c SET last = c.last + increment * size, in_block = true
     WHERE c.tenant = me AND c.relation = relation_id AND c.attribute = attribute_number AND c.called
       AND c.last::numeric + increment::numeric * size BETWEEN minimum AND maximum
    RETURNING c.last - increment * (size - 1) INTO value;
  END IF;
  IF value IS NULL THEN
    size := 1;
    INSERT INTO tenantry.counters AS c (tenant, relation, attribute, last)
    VALUES (me, relation_id, attribute_number, first)
    ON CONFLICT (tenant, relation, attribute) DO UPDATE SET
      called = true,
      last = CASE
        WHEN NOT c.called THEN c.last
        WHEN increment > 0 AND c.last > maximum - increment THEN CASE WHEN cycles THEN minimum END
        WHEN increment < 0 AND c.last < minimum - increment THEN CASE WHEN cycles THEN maximum END
        ELSE c.last + increment END
    RETURNING last INTO value;
  END IF;
  PERFORM set_config(setting, ARRAY[value, value + increment * (size - 1), size]::text, true);
  RETURN value;
EXCEPTION WHEN not_null_violation THEN
  RAISE EXCEPTION 'nextval: reached the limit of sequence % (%..%)', relation_id::regclass, minimum, maximum
    USING ERRCODE = '2200H';
END $f$;

-- At the end of the transaction (or when a session asks for its deferred checks): what is left of a block goes back.
CREATE FUNCTION tenantry.settle_block() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  setting text := tenantry.block_setting(NEW.relation, NEW.attribute, NEW.tenant);
  block bigint[] := nullif(current_setting(setting, true), '')::bigint[];
BEGIN
  UPDATE tenantry.counters SET last = coalesce(block[1], last), in_block = false
   WHERE tenant = NEW.tenant AND relation = NEW.relation AND attribute = NEW.attribute AND in_block;
  PERFORM set_config(setting, '', true);
  RETURN NULL;
END $f$;
CREATE CONSTRAINT TRIGGER settle_block AFTER UPDATE ON tenantry.counters DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.in_block) EXECUTE FUNCTION tenantry.settle_block();

-- The counter that stands in for a sequence of shared tables: its own, or, for the sequence of an identity column, the
-- column's, whose true options are the arguments of the column's trigger.
CREATE FUNCTION tenantry.counter_of(sequence regclass, OUT relation oid, OUT attribute smallint, OUT first bigint,
    OUT increment bigint, OUT minimum bigint, OUT maximum bigint, OUT cycles boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $f$
DECLARE arguments text[];
BEGIN
  SELECT q.seqrelid, 0, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle
    INTO relation, attribute, first, increment, minimum, maximum, cycles
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
   WHERE q.seqrelid = sequence AND c.relnamespace = 'shared'::regnamespace;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not a sequence of shared tables', sequence USING ERRCODE = '42809';
  END IF;
  SELECT d.refobjid, d.refobjsubid, string_to_array(encode(t.tgargs, 'escape'), '\000')
    INTO relation, attribute, arguments
    FROM pg_depend d
    JOIN pg_trigger t ON t.tgrelid = d.refobjid AND t.tgfoid = 'tenantry.identity_value'::regproc
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE d.classid = 'pg_class'::regclass AND d.objid = sequence AND d.deptype = 'i'
     AND d.refclassid = 'pg_class'::regclass
     AND a.attname = split_part(encode(t.tgargs, 'escape'), '\000', 1);
  IF FOUND THEN
    first := arguments[2]; increment := arguments[3]; minimum := arguments[4];
    maximum := arguments[5]; cycles := arguments[6];
  ELSE
    relation := sequence; attribute := 0;
  END IF;
END $f$;

CREATE FUNCTION tenantry.next_value(sequence regclass) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  c record;
  value bigint;
BEGIN
  c := tenantry.counter_of(sequence);
  value := tenantry.advance(c.relation, c.attribute, c.first, c.increment, c.minimum, c.maximum, c.cycles);
  PERFORM set_config('tenantry.value_' || sequence::oid, value::text, false);
  RETURN value;
END $f$;

-- As currval(): the value that next_value() gave this session last.
CREATE FUNCTION tenantry.current_value(sequence regclass) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $f$
DECLARE value text := current_setting('tenantry.value_' || sequence::oid, true);
BEGIN
  IF coalesce(value, '') = '' THEN
    RAISE EXCEPTION 'currval of sequence % is not yet defined in this session', sequence USING ERRCODE = '55000';
  END IF;
  RETURN value::bigint;
END $f$;

-- As setval(): for this tenant's counter alone.
CREATE FUNCTION tenantry.set_value(sequence regclass, value bigint, called boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE c record;
BEGIN
  c := tenantry.counter_of(sequence);
  IF value NOT BETWEEN c.minimum AND c.maximum THEN
    RAISE EXCEPTION 'setval: value % is out of bounds for sequence % (%..%)', value, sequence, c.minimum, c.maximum
      USING ERRCODE = '22003';
  END IF;
  INSERT INTO tenantry.counters (tenant, relation, attribute, last, called)
  VALUES (tenantry.current_tenant_key(), c.relation, c.attribute, value, set_value.called)
  ON CONFLICT ON CONSTRAINT counters_pkey DO UPDATE
    SET last = excluded.last, called = excluded.called, in_block = false;
  PERFORM set_config(tenantry.block_setting(c.relation, c.attribute, tenantry.current_tenant_key()), '', true);
  IF called THEN
    PERFORM set_config('tenantry.value_' || sequence::oid, value::text, false);
  END IF;
  RETURN value;
END $f$;

-- The next value of an identity column, for its trigger alone (it acts on the trigger's own relation).
CREATE FUNCTION tenantry.next_identity(relation regclass, attribute_number smallint, first bigint, increment bigint,
    minimum bigint, maximum bigint, cycles boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  PERFORM 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
   WHERE a.attrelid = relation AND a.attnum = attribute_number AND a.attidentity <> ''
     AND c.relnamespace = 'shared'::regnamespace;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% has no such identity column', relation USING ERRCODE = '42809';
  END IF;
  RETURN tenantry.advance(relation, attribute_number, first, increment, minimum, maximum, cycles);
END $f$;

-- BEFORE INSERT on a shared table with an identity column: the column's own sequence yields only two values that nobody
-- uses (sentinels); this puts the tenant's next value in their place. Values given by hand (OVERRIDING) pass.
-- Arguments: column, start, increment, minimum, maximum, cycle.
CREATE FUNCTION tenantry.identity_value() RETURNS trigger LANGUAGE plpgsql AS $f$
DECLARE
  -- The trigger of a partitioned table fires on its partitions; the column and its counter are the whole table's.
  whole regclass := coalesce(pg_catalog.pg_partition_root(TG_RELID), TG_RELID);
  attribute_number smallint;
  sentinel bigint;
BEGIN
  SELECT attnum, CASE atttypid WHEN 'pg_catalog.int2'::regtype THEN -32768 WHEN 'pg_catalog.int4'::regtype THEN -2147483648
      ELSE -9223372036854775807 - 1 END
    INTO STRICT attribute_number, sentinel FROM pg_catalog.pg_attribute
   WHERE attrelid = whole AND attname = TG_ARGV[0];
  IF (pg_catalog.to_jsonb(NEW) ->> TG_ARGV[0])::bigint NOT IN (sentinel, sentinel + 1) THEN
    RETURN NEW;
  END IF;
  RETURN pg_catalog.jsonb_populate_record(NEW, pg_catalog.jsonb_build_object(TG_ARGV[0],
    tenantry.next_identity(whole, attribute_number, TG_ARGV[1]::bigint, TG_ARGV[2]::bigint, TG_ARGV[3]::bigint,
      TG_ARGV[4]::bigint, TG_ARGV[5]::boolean)));
END $f$;

-- BEFORE changes of the table that stands in for a materialized view: only who may refresh it changes it.
CREATE FUNCTION tenantry.only_refreshed() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  IF NOT pg_catalog.pg_has_role(current_user, (SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RAISE EXCEPTION 'cannot change materialized view "%"', TG_TABLE_NAME USING ERRCODE = '42809';
  END IF;
  RETURN NULL;
END $f$;

-- AFTER UPDATE on a table that a foreign key ON UPDATE SET NULL or SET DEFAULT refers to: sets the columns that refer to
-- the old key, all but the tenant's. Fires before the server's own check. Arguments: foreign key, value, tenant column.
CREATE FUNCTION tenantry.set_on_update() RETURNS trigger LANGUAGE plpgsql AS $f$
DECLARE key record;
BEGIN
  SELECT c.conrelid::regclass AS child,
         pg_catalog.string_agg(pg_catalog.format('%I = ($1).%I', o.attname, r.attname), ' AND ') AS pairs,
         pg_catalog.string_agg(pg_catalog.format('%I = %s', o.attname, TG_ARGV[1]), ', ')
           FILTER (WHERE o.attname <> TG_ARGV[2]) AS sets,
         pg_catalog.bool_or(pg_catalog.to_jsonb(OLD) -> r.attname::text IS DISTINCT FROM pg_catalog.to_jsonb(NEW) -> r.attname::text) AS changed
    INTO key
    FROM pg_catalog.pg_constraint c
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) p (own, other)
    JOIN pg_catalog.pg_attribute o ON o.attrelid = c.conrelid AND o.attnum = p.own
    JOIN pg_catalog.pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = p.other
   WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conname = TG_ARGV[0]
     AND c.confrelid = coalesce(pg_catalog.pg_partition_root(TG_RELID), TG_RELID)
   GROUP BY c.oid, c.conrelid;
  IF FOUND AND key.changed THEN
    EXECUTE pg_catalog.format('UPDATE %s SET %s WHERE %s', key.child, key.sets, key.pairs) USING OLD;
  END IF;
  RETURN NULL;
END $f$;

-- Stands in for pg_notify() in the bodies of the app's functions. Channels are common to a database, so where tenants share
-- one, a tenant's carry its id: t_<id>_<channel>, a hash where the name is too long for that. Runs with the caller's rights.
CREATE FUNCTION tenantry.notify(channel text, payload text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  own text := channel;
  me text := CASE
    WHEN session_user::text ~ '^[to]_[0-9a-f]{32}' THEN substr(session_user::text, 3, 32)
    WHEN pg_has_role(session_user, :'app_role', 'MEMBER')
      THEN replace(nullif(current_setting('app.current_tenant', true), ''), '-', '') END;
BEGIN
  IF coalesce(channel, '') = '' THEN
    RAISE EXCEPTION 'channel name cannot be empty' USING ERRCODE = '22023';
  END IF;
  IF to_regnamespace('shared') IS NOT NULL THEN
    -- A migration at work on a template: nobody listens.
    IF me IS NULL THEN RETURN; END IF;
    IF octet_length(channel) > 28 THEN
      own := substr(encode(sha256(convert_to(channel, 'UTF8')), 'hex'), 1, 28);
    END IF;
    own := 't_' || me || '_' || own;
  END IF;
  EXECUTE format('NOTIFY %I, %L', own, coalesce(payload, ''));
END $f$;

RESET ROLE;
REVOKE ALL ON SCHEMA tenantry FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tenantry FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA tenantry FROM PUBLIC;
GRANT USAGE ON SCHEMA tenantry TO :"shared_group", :"schema_group", :"database_group", :"app_role", :"owner", :"owners";
GRANT EXECUTE ON FUNCTION tenantry.no_tenant(), tenantry.current_tenant(), tenantry.get_current_tenant(),
  tenantry.current_tenant_key(), tenantry.notify(text, text) TO :"shared_group", :"schema_group", :"database_group", :"app_role", :"owner", :"owners";
GRANT EXECUTE ON FUNCTION tenantry.next_value(regclass), tenantry.current_value(regclass),
  tenantry.set_value(regclass, bigint, boolean), tenantry.identity_value(), tenantry.only_refreshed(), tenantry.set_on_update(),
  tenantry.next_identity(regclass, smallint, bigint, bigint, bigint, bigint, boolean)
  TO :"shared_group", :"app_role", :"owner";
