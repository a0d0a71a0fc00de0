SELECT tenantry.note_migration($1, $2, $3, $4)
