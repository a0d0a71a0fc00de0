DELETE FROM tenantry.schema_migrations WHERE version = $1
