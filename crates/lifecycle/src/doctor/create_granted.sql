-- Who may create objects in a schema that is not his own. With tenant_ddl a tenant may in its own schema, and those of a
-- database of their own in the app's schema.
SELECT format('schema %I for %s', n.nspname, coalesce(quote_ident(r.rolname), 'PUBLIC')),
       format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
   AND (a.grantee = 0 OR r.rolname = ANY (:groups) OR r.rolname ~ '^t_[0-9a-f]{32}')
   AND NOT (n.nspname = 'public' AND a.grantee = 0)
   AND NOT coalesce(:tenant_ddl AND (n.nspname = 'tenant_' || substr(r.rolname, 3, 32) AND r.rolname LIKE 't\_%'
                                     OR :own_database AND n.nspname = :'schema'), false)
 ORDER BY 1
