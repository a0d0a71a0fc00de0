SELECT datname::text
FROM pg_catalog.pg_database
WHERE pg_catalog.starts_with(datname, $1 || '_t_') OR pg_catalog.starts_with(datname, $1 || '_blank_')
