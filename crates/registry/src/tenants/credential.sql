UPDATE tenantry.tenants
SET credential_generation = credential_generation
      + coalesce(credential_expires_at < now() + make_interval(hours => $2) / 2, false)::integer,
    credential_expires_at = CASE
      WHEN credential_expires_at >= now() + make_interval(hours => $2) / 2 THEN credential_expires_at
      ELSE now() + make_interval(hours => $2) END
WHERE id = $1
RETURNING credential_generation, credential_expires_at
