ALTER DATABASE :"blank_database" RENAME TO :"database";
ALTER ROLE :"blank_owner" RENAME TO :"owner";
