SELECT id, service, cluster, isolation, version
FROM tenantry.blanks
WHERE service = $1 AND version <> $2 AND status = 'ready'
