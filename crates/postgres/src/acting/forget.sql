BEGIN;
WITH gone AS (DELETE FROM tenantry.ledger WHERE target = 'template' AND version = :version RETURNING 1)
SELECT 1 / count(*) FROM gone;
SET LOCAL ROLE :"role";
SET LOCAL search_path = :"schema", global, extensions;
