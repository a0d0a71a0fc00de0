ALTER SCHEMA :"blank_schema" RENAME TO :"schema";
ALTER ROLE :"blank_owner" RENAME TO :"owner";
