INSERT INTO tenantry.variations (tenant, service, name, file, text, checksum, version, changes, actor, job)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
