-- As the schema's owner, so that everything belongs to it; the clone's own texts follow.
SET LOCAL ROLE :"owner";
SET LOCAL search_path = :"schema", global, extensions;
:clone
RESET ROLE;
RESET search_path;
