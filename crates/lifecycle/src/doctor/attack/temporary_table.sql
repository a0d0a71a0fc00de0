CREATE TEMPORARY TABLE tenantry_probe (i integer)
