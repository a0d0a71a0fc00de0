ALTER ROLE :"role" IN DATABASE :"database" SET search_path = :"schema", global, extensions;
