UPDATE tenantry.tenants
SET credential_generation = credential_generation
      + (credential_expires_at IS NULL OR credential_expires_at < now() + make_interval(hours => $2) / 2)::integer,
    credential_expires_at = CASE
      WHEN credential_expires_at IS NULL OR credential_expires_at < now() + make_interval(hours => $2) / 2
        THEN now() + make_interval(hours => $2)
      ELSE credential_expires_at END
WHERE id = $1
RETURNING credential_generation, credential_expires_at
