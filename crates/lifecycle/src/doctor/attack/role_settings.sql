SELECT rolconfig FROM pg_catalog.pg_roles LIMIT 1
