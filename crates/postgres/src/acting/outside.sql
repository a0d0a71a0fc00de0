SET lock_timeout = :lock_ms;
SET ROLE :"role";
SET search_path = :"schema", global, extensions;
