WITH me AS (
  SELECT * FROM pg_catalog.pg_roles WHERE rolname = :'role'
), needed (relation, attribute) AS (
  SELECT 'tenants', unnest(ARRAY['id', 'slug', 'number', 'status', 'isolation', 'plan', 'credential_generation'])
  UNION ALL
  SELECT 'placements', unnest(ARRAY['tenant', 'service', 'cluster', 'database', 'schema_name', 'isolation', 'version'])
  UNION ALL
  SELECT 'door_secrets', unnest(ARRAY['id', 'door', 'tenant', 'role', 'kind', 'stored_key', 'server_key', 'expires_at'])
  UNION ALL
  SELECT 'gateway_secret', 'value'
), relations AS (
  SELECT c.oid, c.relname::text AS name, c.relkind, c.relacl
  FROM pg_catalog.pg_class c
  WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'tenantry')
    AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
), columns AS (
  SELECT r.oid, r.name AS relation, a.attnum, a.attname::text AS attribute, a.attacl
  FROM relations r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
  WHERE r.relkind <> 'S' AND a.attnum > 0 AND NOT a.attisdropped
), privileges (privilege) AS (
  VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')
), mine AS (
  SELECT oid FROM me UNION ALL SELECT 0::oid
)
SELECT format('role %I is missing', :'role') WHERE NOT EXISTS (SELECT FROM me)
UNION ALL
SELECT format('role %I has powers over the server, or may not log in', rolname) FROM me
WHERE rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR NOT rolcanlogin
UNION ALL
SELECT format('role %I is a member of %s', me.rolname, m.roleid::regrole)
FROM me JOIN pg_catalog.pg_auth_members m ON m.member = me.oid
UNION ALL
SELECT format('role %I owns something', me.rolname) FROM me
WHERE EXISTS (SELECT FROM pg_catalog.pg_shdepend d WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
  AND d.refobjid = me.oid AND d.deptype = 'o')
UNION ALL
SELECT format('role %I can''t connect to the control database', me.rolname) FROM me
WHERE NOT has_database_privilege(me.oid, :'database', 'CONNECT')
UNION ALL
SELECT format('role %I may make objects or temporary tables in the control database', me.rolname) FROM me
WHERE has_database_privilege(me.oid, :'database', 'CREATE') OR has_database_privilege(me.oid, :'database', 'TEMPORARY')
  OR has_schema_privilege(me.oid, 'tenantry', 'CREATE')
  OR EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public' AND has_schema_privilege(me.oid, n.oid, 'CREATE'))
UNION ALL
SELECT format('role %I may %s %s tenantry.%I', me.rolname, lower(p.privilege), 'the whole of', r.name)
FROM me CROSS JOIN relations r CROSS JOIN privileges p
WHERE r.relkind <> 'S' AND NOT (r.name = 'gateway_secret' AND p.privilege = 'SELECT')
  AND has_table_privilege(me.oid, r.oid, p.privilege)
UNION ALL
SELECT format('role %I may %s tenantry.%I.%I', me.rolname, lower(a.privilege_type), c.relation, c.attribute)
FROM me CROSS JOIN columns c CROSS JOIN LATERAL pg_catalog.aclexplode(c.attacl) a JOIN mine ON mine.oid = a.grantee
WHERE NOT (a.privilege_type = 'SELECT' AND NOT a.is_grantable AND (c.relation, c.attribute) IN (SELECT * FROM needed))
UNION ALL
SELECT format('role %I may use the sequence tenantry.%I', me.rolname, r.name) FROM me CROSS JOIN relations r
WHERE r.relkind = 'S' AND (has_sequence_privilege(me.oid, r.oid, 'USAGE') OR has_sequence_privilege(me.oid, r.oid, 'SELECT')
  OR has_sequence_privilege(me.oid, r.oid, 'UPDATE'))
UNION ALL
SELECT format('role %I may call %s', me.rolname, f.oid::regprocedure) FROM me CROSS JOIN pg_catalog.pg_proc f
WHERE f.pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'tenantry')
  AND has_function_privilege(me.oid, f.oid, 'EXECUTE')
UNION ALL
SELECT format('role %I can''t use schema tenantry', me.rolname) FROM me
WHERE NOT has_schema_privilege(me.oid, 'tenantry', 'USAGE')
UNION ALL
SELECT format('role %I can''t read tenantry.%I.%I', me.rolname, n.relation, n.attribute) FROM me CROSS JOIN needed n
WHERE NOT EXISTS (SELECT FROM columns c WHERE c.relation = n.relation AND c.attribute = n.attribute
  AND has_column_privilege(me.oid, c.oid, c.attnum, 'SELECT'))
ORDER BY 1
