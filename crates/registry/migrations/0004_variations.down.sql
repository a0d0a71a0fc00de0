DROP TABLE tenantry.variations;
