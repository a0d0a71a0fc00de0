SELECT EXISTS (
  SELECT FROM tenantry.placements p
  JOIN tenantry.tenants t ON t.id = p.tenant AND t.status NOT IN ('provisioning', 'failed')
  JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS n (service, cluster, version)
    ON n.service = p.service AND n.cluster = p.cluster
  WHERE p.version <> n.version)
