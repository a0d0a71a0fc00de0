INSERT INTO tenantry.shadow_answers (question, texts, definitions) VALUES ($1, $2, $3)
ON CONFLICT (question) DO UPDATE SET texts = excluded.texts, definitions = excluded.definitions, asked_at = now()
