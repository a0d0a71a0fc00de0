DO $harden$
DECLARE g record;
BEGIN
  FOR g IN
    SELECT DISTINCT o.kind, o.name, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC') AS role
      FROM (:objects) o
     CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
      LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
     WHERE a.grantee <> o.owner AND (:'privilege_name' IN ('ALL', a.privilege_type))
       AND (a.grantee = 0 OR :exact AND r.rolname <> ALL (:given)
                             AND (r.rolname = ANY (:ours) OR r.rolname ~ '^[to]_[0-9a-f]{32}'))
  LOOP
    EXECUTE pg_catalog.format('REVOKE :privilege ON %s %s FROM %s', g.kind, g.name, g.role);
  END LOOP;
  FOR g IN
    SELECT o.kind, o.name, r.rolname FROM (:objects) o CROSS JOIN pg_catalog.pg_roles r
     WHERE r.rolname = ANY (:given)
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(o.acl) a
                        WHERE a.grantee = r.oid AND :'privilege_name' IN ('ALL', a.privilege_type))
  LOOP
    EXECUTE pg_catalog.format('GRANT :privilege ON %s %s TO %I', g.kind, g.name, g.rolname);
  END LOOP;
END $harden$;
