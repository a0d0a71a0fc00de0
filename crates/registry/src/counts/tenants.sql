SELECT status, isolation, count(*) FROM tenantry.tenants GROUP BY status, isolation
