-- Settings of logins that the platform did not make: a tenant can change its own.
SELECT format('%I%s: %s', r.rolname, CASE WHEN s.setdatabase = 0 THEN '' ELSE format(' in %I', d.datname) END, c.setting),
       format('ALTER ROLE %I%s RESET %s;%s', r.rolname,
              CASE WHEN s.setdatabase = 0 THEN '' ELSE format(' IN DATABASE %I', d.datname) END,
              quote_ident(split_part(c.setting, '=', 1)),
              CASE WHEN split_part(c.setting, '=', 1) = 'search_path' AND h.home IS NOT NULL AND s.setdatabase <> 0
                   THEN format(' ALTER ROLE %I IN DATABASE %I SET search_path = %s, global, extensions;', r.rolname, d.datname, h.home)
                   ELSE '' END)
  FROM pg_db_role_setting s
  JOIN pg_roles r ON r.oid = s.setrole AND r.rolname ~ '^t_[0-9a-f]{32}'
  LEFT JOIN pg_database d ON d.oid = s.setdatabase
 CROSS JOIN LATERAL unnest(s.setconfig) c (setting)
 CROSS JOIN LATERAL (
   SELECT CASE WHEN to_regnamespace('tenant_' || substr(r.rolname, 3, 32)) IS NOT NULL
               THEN quote_ident('tenant_' || substr(r.rolname, 3, 32)) ELSE quote_ident(:'schema') END AS home) h
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND NOT (s.setdatabase <> 0 AND c.setting = format('search_path=%s, global, extensions', h.home))
   AND EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                WHERE m.member = r.oid AND g.rolname = ANY (:groups))
 ORDER BY 1
