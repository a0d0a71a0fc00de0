-- Who may have code in this database: roles that own something here or may create something here; which of them in the
-- schemas that every tenant's search path holds; and whether a function of the app itself runs texts that it is given.
WITH may AS (
  SELECT d.refobjid AS role, false AS common FROM pg_catalog.pg_shdepend d
   WHERE d.deptype = 'o' AND d.refclassid = 'pg_catalog.pg_authid'::regclass
     AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
  UNION
  SELECT a.grantee, n.nspname IN ('global', 'extensions')
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE'
  UNION
  SELECT a.grantee, true FROM pg_catalog.pg_database b, pg_catalog.aclexplode(b.datacl) a
   WHERE b.datname = pg_catalog.current_database() AND a.privilege_type = 'CREATE'
  UNION
  SELECT o.owner, true FROM (
    SELECT proowner, pronamespace FROM pg_catalog.pg_proc
    UNION SELECT oprowner, oprnamespace FROM pg_catalog.pg_operator
    UNION SELECT typowner, typnamespace FROM pg_catalog.pg_type
    UNION SELECT relowner, relnamespace FROM pg_catalog.pg_class) o (owner, namespace)
   WHERE o.namespace IN (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('global', 'extensions'))),
roles AS (
  SELECT coalesce(r.rolname, 'public')::text AS name, may.common
    FROM may LEFT JOIN pg_catalog.pg_roles r ON r.oid = may.role
   WHERE r.rolsuper IS DISTINCT FROM true AND r.rolname IS DISTINCT FROM 'pg_database_owner')
SELECT
  (SELECT coalesce(array_agg(DISTINCT name), '{}') FROM roles),
  (SELECT coalesce(array_agg(DISTINCT name), '{}') FROM roles WHERE common),
  EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE n.nspname IN ('template', 'app', 'shared', 'global') AND p.prokind IN ('f', 'p')
      AND (l.lanname NOT IN ('sql', 'plpgsql') OR pg_catalog.pg_get_functiondef(p.oid)
        ~* '\mexecute\M|_to_xml|ts_stat|ts_rewrite'))
