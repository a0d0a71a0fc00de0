-- Only the platform may pass row-level security; nobody of ours has any other power.
SELECT quote_ident(r.rolname),
       format('ALTER ROLE %I NOSUPERUSER %s NOCREATEROLE NOCREATEDB NOREPLICATION;', r.rolname,
              CASE WHEN r.rolname = :'platform' AND NOT r.rolcanlogin THEN '' ELSE 'NOBYPASSRLS' END)
  FROM pg_roles r
 WHERE (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AND r.rolname <> :'platform')
   AND (r.rolname = ANY (:roles) OR r.oid IN (SELECT t.oid FROM (:tenants) t))
 ORDER BY 1
