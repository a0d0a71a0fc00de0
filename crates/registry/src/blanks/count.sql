SELECT count(*)
FROM tenantry.blanks
WHERE service = $1 AND cluster = $2 AND isolation = $3 AND version = $4 AND status IN ('preparing', 'ready')
