DELETE FROM tenantry.door_secrets WHERE door = $1 AND tenant IS NOT DISTINCT FROM $2
