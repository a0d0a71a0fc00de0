SELECT id, service, cluster, isolation, version
FROM tenantry.blanks
WHERE service = $1 AND cluster = $2 AND version <> $3 AND status = 'ready'
