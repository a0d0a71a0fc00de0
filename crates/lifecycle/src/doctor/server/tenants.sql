-- The logins and owners of this app's tenants: several apps may share a server.
SELECT r.oid FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
 WHERE r.rolname ~ '^[to]_[0-9a-f]{32}' AND (g.rolname = ANY (:groups) OR g.rolname = :'owners')
