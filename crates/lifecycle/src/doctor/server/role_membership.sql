-- A tenant's login belongs to the group of its isolation and to nothing else; nobody belongs to a tenant's login.
SELECT format('%I in %I', m.rolname, g.rolname), format('REVOKE %I FROM %I;', g.rolname, m.rolname)
  FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
 WHERE m.oid IN (SELECT t.oid FROM (:tenants) t) AND m.rolname LIKE 't\_%'
   AND (g.rolname <> ALL (:groups)
        OR EXISTS (SELECT FROM pg_auth_members b JOIN pg_roles o ON o.oid = b.roleid
                    WHERE b.member = m.oid AND o.rolname = ANY (:groups) AND o.rolname < g.rolname))
UNION
SELECT format('%I in %I', m.rolname, g.rolname), format('REVOKE %I FROM %I;', g.rolname, m.rolname)
  FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
 WHERE NOT m.rolsuper AND g.oid IN (SELECT t.oid FROM (:tenants) t)
UNION
-- Owners and the platform have no members, and owners of tenants are members of their group alone.
SELECT format('%I in %I', m.rolname, g.rolname), format('REVOKE %I FROM %I;', g.rolname, m.rolname)
  FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
 WHERE NOT m.rolsuper AND (g.rolname IN (:'owner', :'platform', :'app_role')
                           OR m.rolname LIKE 'o\_%' AND m.oid IN (SELECT t.oid FROM (:tenants) t) AND g.rolname <> :'owners')
 ORDER BY 1
