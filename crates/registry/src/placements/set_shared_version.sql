UPDATE tenantry.placements SET version = $3
WHERE service = $1 AND cluster = $2 AND isolation = 'shared' AND version <> $3
