-- Who may have code in this database: roles that own something here or may create something here (but for the owners of
-- tenants' objects outside of the common schemas); which of them in the schemas that every tenant's search path holds; and
-- whether a function of the app itself runs texts that it is given.
-- Each wave of a rollout waits for this. So owners are looked up by what depends on a role, and what is in a schema by what
-- depends on the schema: both have indexes, while a look at every object would take as long as hundreds of tenants.
WITH here AS (
  SELECT b.oid, b.datacl FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database()),
common AS (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('global', 'extensions')),
foreigners AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE NOT r.rolsuper AND r.rolname !~ '^o_[0-9a-f]{32}$'),
may AS (
  SELECT f.oid AS role, false AS common FROM foreigners f
   WHERE (
     SELECT true FROM pg_catalog.pg_shdepend d
      WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = f.oid AND d.deptype = 'o'
        AND d.dbid = (SELECT here.oid FROM here) LIMIT 1)
  UNION
  SELECT a.grantee, n.oid IN (SELECT c.oid FROM common c)
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE'
  UNION
  SELECT a.grantee, true FROM here, pg_catalog.aclexplode(here.datacl) a WHERE a.privilege_type = 'CREATE'
  UNION
  SELECT o.refobjid, true
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_shdepend o ON o.classid = d.classid AND o.objid = d.objid AND o.deptype = 'o'
   WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid IN (SELECT c.oid FROM common c)
     AND o.dbid = (SELECT here.oid FROM here)),
roles AS (
  SELECT coalesce(r.rolname, 'public')::text AS name, may.common
    FROM may LEFT JOIN pg_catalog.pg_roles r ON r.oid = may.role
   WHERE r.rolsuper IS DISTINCT FROM true AND r.rolname IS DISTINCT FROM 'pg_database_owner'
     AND (may.common OR r.rolname IS NULL OR r.rolname !~ '^o_[0-9a-f]{32}$'))
SELECT
  (SELECT coalesce(array_agg(DISTINCT name), '{}') FROM roles),
  (SELECT coalesce(array_agg(DISTINCT name), '{}') FROM roles WHERE common),
  EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = ANY (ARRAY(
        SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('template', 'app', 'shared', 'global')))
      AND p.prokind IN ('f', 'p')
      AND (l.lanname NOT IN ('sql', 'plpgsql') OR pg_catalog.pg_get_functiondef(p.oid)
        ~* '\mexecute\M|_to_xml|ts_stat|ts_rewrite'))
