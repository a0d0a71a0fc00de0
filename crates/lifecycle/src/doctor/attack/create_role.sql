CREATE ROLE tenantry_probe
