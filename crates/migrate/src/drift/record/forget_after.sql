DELETE FROM tenantry.catalogs WHERE version > $1
