SELECT texts, definitions FROM tenantry.shadow_answers WHERE question = $1
