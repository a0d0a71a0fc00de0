SELECT rolname::text FROM pg_catalog.pg_authid
WHERE rolname = ANY ($1)
  AND (rolpassword IS NULL OR rolpassword NOT LIKE 'SCRAM-SHA-256$%' OR rolvaliduntil < now() + interval '1 day')
ORDER BY 1
