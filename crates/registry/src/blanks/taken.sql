SELECT id, service, cluster, isolation, version
FROM tenantry.blanks
WHERE job = $1 AND service = $2 AND status = 'taken'
