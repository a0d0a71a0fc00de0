-- What objects made later are granted by themselves: by role, schema (none: any) and kind, each grantee with its privileges.
SELECT r.rolname::text AS role, n.nspname::text AS schema, d.defaclobjtype::text AS kind,
       g.grantee, g.privileges
FROM pg_catalog.pg_default_acl d
JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
LEFT JOIN LATERAL (
    SELECT CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
           string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
                      ORDER BY a.privilege_type COLLATE "C") AS privileges
    FROM pg_catalog.aclexplode(d.defaclacl) a
    GROUP BY a.grantee
) AS g ON true
