BEGIN;
WITH moved AS (
  UPDATE tenantry.local_tenants SET version = :after WHERE id = :'id' AND version = :before RETURNING 1)
SELECT 1 / count(*) FROM moved;
SET LOCAL ROLE :"role";
SET LOCAL search_path = :"schema", global, extensions;
