DELETE FROM tenantry.variations WHERE target = :'id';
DELETE FROM tenantry.local_tenants WHERE id = :'id';
