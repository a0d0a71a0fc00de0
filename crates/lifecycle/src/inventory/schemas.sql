SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname ~ '^(tenant|blank)_[0-9a-f]{32}$'
