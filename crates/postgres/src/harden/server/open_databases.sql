SELECT d.datname::text
  FROM pg_catalog.pg_database d
 CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
 WHERE d.datallowconn AND a.grantee = 0 AND a.privilege_type = 'CONNECT'
 ORDER BY 1
