BEGIN;
EXECUTE tenantry_move(:'id', :before, :after);
SET LOCAL ROLE :"role";
SET LOCAL search_path = :"schema", global, extensions;
