-- What tenants get only where the tables are their own (the template database, never `shared`): sequences, since their
-- values tell nothing of others.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO :"group";
