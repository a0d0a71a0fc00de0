-- What a tenant's login owns, in this database or on the server. With tenant_ddl it may own objects, but only within its
-- own schema, or within the schema of a database that is its own.
WITH owned AS (
  SELECT r.rolname, d.classid, d.objid, d.objsubid, o.type, o.schema, o.identity
    FROM pg_shdepend d
    JOIN pg_roles r ON r.oid = d.refobjid AND r.rolname ~ '^t_[0-9a-f]{32}'
   CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
   WHERE d.deptype = 'o' AND d.refclassid = 'pg_authid'::regclass
     AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
)
SELECT format('%s %s of %I', type, coalesce(identity, '(of another database)'), rolname),
       format('REASSIGN OWNED BY %I TO %I;', rolname,
              CASE WHEN :own_database OR to_regnamespace('tenant_' || substr(rolname, 3, 32)) IS NOT NULL
                   THEN 'o_' || substr(rolname, 3, 32) ELSE :'owner' END)
  FROM owned
 WHERE NOT (:tenant_ddl AND (schema = 'tenant_' || substr(rolname, 3, 32) OR :own_database AND schema = :'schema'
                            OR type IN ('default acl')))
 ORDER BY 1
