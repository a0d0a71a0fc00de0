DELETE FROM tenantry.local_tenants WHERE id = :'id';
