DROP TRIGGER changed ON tenantry.tenants;
DROP TRIGGER changed ON tenantry.placements;
DROP TABLE tenantry.door_secrets;
DROP FUNCTION tenantry.directory_changed();
