SELECT service, name, file, text, checksum, version, changes, actor, job, declared_at
FROM tenantry.variations WHERE tenant = $1 ORDER BY service, declared_at, name
