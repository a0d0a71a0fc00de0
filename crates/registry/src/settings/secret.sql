WITH made AS (
  INSERT INTO tenantry.secrets (name, value) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET name = excluded.name
  RETURNING value)
SELECT value FROM made
