-- What the server grants by itself on objects of the roles $1, kind by kind, where nobody has said otherwise.
SELECT r.rolname::text AS role, NULL::text AS schema, k.kind,
       CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
       string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type COLLATE "C") AS privileges
FROM pg_catalog.pg_roles r
CROSS JOIN (VALUES ('r', 'r'), ('S', 's'), ('f', 'f'), ('T', 'T'), ('n', 'n')) AS k (kind, word)
CROSS JOIN LATERAL pg_catalog.aclexplode(pg_catalog.acldefault(k.word::"char", r.oid)) a
WHERE r.rolname = ANY ($1::text[])
GROUP BY r.rolname, k.kind, a.grantee
