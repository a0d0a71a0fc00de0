-- The tenants of a data database, by isolation and version.
SELECT isolation, version, count(*) FROM tenantry.local_tenants GROUP BY isolation, version ORDER BY isolation, version
