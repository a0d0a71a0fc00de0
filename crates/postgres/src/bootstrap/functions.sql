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
  PRIMARY KEY (tenant, relation, attribute)
) WITH (fillfactor = 70);

-- The next value of one counter. Private: its callers below have checked what they pass.
CREATE FUNCTION tenantry.advance(relation_id oid, attribute_number smallint, first bigint, increment bigint,
    minimum bigint, maximum bigint, cycles boolean)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  me :key_type := tenantry.current_tenant_key();
  value bigint;
BEGIN
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
  RETURN value;
EXCEPTION WHEN not_null_violation THEN
  RAISE EXCEPTION 'nextval: reached the limit of sequence % (%..%)', relation_id::regclass, minimum, maximum
    USING ERRCODE = '2200H';
END $f$;

CREATE FUNCTION tenantry.next_value(sequence regclass) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  s pg_catalog.pg_sequence;
  value bigint;
BEGIN
  SELECT q.* INTO s FROM pg_catalog.pg_sequence q JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid
   WHERE q.seqrelid = sequence AND c.relnamespace = 'shared'::regnamespace;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not a sequence of shared tables', sequence USING ERRCODE = '42809';
  END IF;
  value := tenantry.advance(sequence, 0::smallint, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle);
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
DECLARE s pg_catalog.pg_sequence;
BEGIN
  SELECT q.* INTO s FROM pg_catalog.pg_sequence q JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid
   WHERE q.seqrelid = sequence AND c.relnamespace = 'shared'::regnamespace;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not a sequence of shared tables', sequence USING ERRCODE = '42809';
  END IF;
  IF value NOT BETWEEN s.seqmin AND s.seqmax THEN
    RAISE EXCEPTION 'setval: value % is out of bounds for sequence % (%..%)', value, sequence, s.seqmin, s.seqmax
      USING ERRCODE = '22003';
  END IF;
  INSERT INTO tenantry.counters (tenant, relation, attribute, last, called)
  VALUES (tenantry.current_tenant_key(), sequence, 0, value, set_value.called)
  ON CONFLICT ON CONSTRAINT counters_pkey DO UPDATE SET last = excluded.last, called = excluded.called;
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
  attribute_number smallint;
  sentinel bigint;
BEGIN
  SELECT attnum, CASE atttypid WHEN 'pg_catalog.int2'::regtype THEN -32768 WHEN 'pg_catalog.int4'::regtype THEN -2147483648
      ELSE -9223372036854775807 - 1 END
    INTO STRICT attribute_number, sentinel FROM pg_catalog.pg_attribute
   WHERE attrelid = TG_RELID AND attname = TG_ARGV[0];
  IF (pg_catalog.to_jsonb(NEW) ->> TG_ARGV[0])::bigint NOT IN (sentinel, sentinel + 1) THEN
    RETURN NEW;
  END IF;
  RETURN pg_catalog.jsonb_populate_record(NEW, pg_catalog.jsonb_build_object(TG_ARGV[0],
    tenantry.next_identity(TG_RELID, attribute_number, TG_ARGV[1]::bigint, TG_ARGV[2]::bigint, TG_ARGV[3]::bigint,
      TG_ARGV[4]::bigint, TG_ARGV[5]::boolean)));
END $f$;

RESET ROLE;
REVOKE ALL ON SCHEMA tenantry FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tenantry FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA tenantry FROM PUBLIC;
GRANT USAGE ON SCHEMA tenantry TO :"shared_group", :"schema_group", :"database_group", :"app_role", :"owner", :"owners";
GRANT EXECUTE ON FUNCTION tenantry.no_tenant(), tenantry.current_tenant(), tenantry.get_current_tenant(),
  tenantry.current_tenant_key() TO :"shared_group", :"schema_group", :"database_group", :"app_role", :"owner", :"owners";
GRANT EXECUTE ON FUNCTION tenantry.next_value(regclass), tenantry.current_value(regclass),
  tenantry.set_value(regclass, bigint, boolean), tenantry.identity_value(),
  tenantry.next_identity(regclass, smallint, bigint, bigint, bigint, bigint, boolean)
  TO :"shared_group", :"app_role", :"owner";
