SELECT tenantry.note_progress($1, $2, $3)
