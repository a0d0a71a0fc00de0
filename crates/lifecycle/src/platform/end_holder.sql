SELECT pg_catalog.pg_terminate_backend(pid, 1000)
FROM pg_catalog.pg_locks
WHERE locktype = 'advisory' AND classid = $1::integer::oid AND objid = $2::integer::oid AND granted
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
