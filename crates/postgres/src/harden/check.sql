-- Who holds what the rule closes: everyone, a role of the app or a tenant's, unless it is one of those given it.
SELECT pg_catalog.format('%s %s for %s', pg_catalog.lower(o.kind), o.name,
                         coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
  FROM (:objects) o
 CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
 WHERE a.grantee <> o.owner AND (:'privilege_name' IN ('ALL', a.privilege_type))
   AND (a.grantee = 0 OR :exact AND r.rolname <> ALL (:given)
                         AND (r.rolname = ANY (:ours) OR r.rolname ~ '^[to]_[0-9a-f]{32}'))
 GROUP BY o.kind, o.name, r.rolname
