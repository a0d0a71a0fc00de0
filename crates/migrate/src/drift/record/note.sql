INSERT INTO tenantry.catalogs (target, version, catalog) VALUES ($1, $2, $3)
ON CONFLICT (target, version) DO UPDATE SET catalog = excluded.catalog
