SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
WHERE usename = $1 AND application_name = $2 AND pid <> pg_catalog.pg_backend_pid()
