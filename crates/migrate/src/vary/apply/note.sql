SELECT tenantry.note_variation($1, $2, $3, $4)
