UPDATE tenantry.tenants SET settings = jsonb_set(settings, '{labels}', (
  SELECT coalesce(jsonb_agg(l ORDER BY l), '[]')
  FROM (SELECT jsonb_array_elements_text(coalesce(settings -> 'labels', '[]')) UNION SELECT unnest($2::text[])) AS all_of (l)
  WHERE l <> ALL ($3)))
WHERE id = $1
