-- CREATE and TEMPORARY on the database; CONNECT for another tenant than the one whose database it is. With tenant_ddl the
-- tenant of a database of its own may make temporary tables.
SELECT format('database %I: %s for %s', d.datname, a.privilege_type, coalesce(quote_ident(r.rolname), 'PUBLIC')),
       format('REVOKE %s ON DATABASE %I FROM %s;', a.privilege_type, d.datname, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE d.datname = current_database() AND a.grantee <> d.datdba AND a.grantee <> 0
   AND (r.rolname = ANY (:groups) OR r.rolname ~ '^t_[0-9a-f]{32}')
   AND (a.privilege_type = 'CREATE'
        OR a.privilege_type = 'TEMPORARY' AND NOT (:tenant_ddl AND d.datname LIKE '%\_t\_' || substr(r.rolname, 3, 32))
        OR a.privilege_type = 'CONNECT' AND :own_database AND d.datname NOT LIKE '%\_t\_' || substr(r.rolname, 3, 32))
 ORDER BY 1
