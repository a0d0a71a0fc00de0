INSERT INTO tenantry.local_tenants (id, key, isolation, schema_name, version)
VALUES (:'id', :'key', :'isolation', :'schema', :version)
ON CONFLICT (id) DO UPDATE SET isolation = excluded.isolation, schema_name = excluded.schema_name, version = excluded.version;
