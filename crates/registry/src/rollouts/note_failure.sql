INSERT INTO tenantry.rollout_failures (job, tenant, service, version, code, message, place)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (job, tenant, service) DO UPDATE SET
  version = excluded.version, code = excluded.code, message = excluded.message, place = excluded.place, at = now(),
  mended_at = NULL
