SELECT service, cluster, isolation, count(*) FILTER (WHERE status = 'ready')
FROM tenantry.blanks
GROUP BY service, cluster, isolation
