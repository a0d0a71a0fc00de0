UPDATE tenantry.placements p SET version = v.version
FROM unnest($2::uuid[], $3::bigint[]) AS v (tenant, version)
WHERE p.tenant = v.tenant AND p.service = $1 AND p.version <> v.version
