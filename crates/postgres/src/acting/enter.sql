SET LOCAL lock_timeout = :lock_ms;
SET LOCAL ROLE :"role";
SET LOCAL search_path = :"schema", global, extensions;
