SELECT version, name, checksum FROM tenantry.ledger WHERE target = $1 ORDER BY version
