SELECT version, checksum FROM tenantry.schema_migrations ORDER BY version
