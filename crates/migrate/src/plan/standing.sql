-- The tenants of a data database, by isolation and version, and how many of them are among those asked for.
SELECT isolation, version, count(*), count(*) FILTER (WHERE $1::uuid[] IS NULL OR id = ANY ($1))
FROM tenantry.local_tenants GROUP BY isolation, version ORDER BY isolation, version
