SELECT DISTINCT m.rolname::text
FROM pg_catalog.pg_auth_members a
JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
JOIN pg_catalog.pg_roles m ON m.oid = a.member
WHERE g.rolname = ANY ($1) AND m.rolname ~ '^[to]_[0-9a-f]{32}'
