SELECT status, count(*) FROM tenantry.jobs GROUP BY status
