UPDATE tenantry.rollout_failures SET mended_at = now()
WHERE mended_at IS NULL AND service = $1 AND tenant = ANY ($2)
