-- Before it (the variable rename: the clone's own text): the schema's name, also within the texts that mention it.
:rename
ALTER ROLE :"blank_owner" RENAME TO :"owner";
RESET search_path;
