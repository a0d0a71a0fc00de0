DELETE FROM tenantry.catalogs AS c
WHERE c.version < (SELECT min(kept.version)
                   FROM (SELECT DISTINCT version FROM tenantry.catalogs ORDER BY version DESC LIMIT $1) AS kept)
