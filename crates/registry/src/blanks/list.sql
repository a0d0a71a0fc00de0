SELECT id, service, cluster, isolation, version
FROM tenantry.blanks
WHERE status = 'ready'
ORDER BY created_at
