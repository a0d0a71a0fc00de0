-- Inside the new database: its objects belong to the tenant's own owner, so that whoever acts as that owner has no rights
-- over other tenants.
REASSIGN OWNED BY :"app_owner" TO :"owner";
GRANT USAGE ON SCHEMA app TO :"group";
-- As in data databases: default privileges are kept by database.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA app GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA app GRANT EXECUTE ON ROUTINES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA global GRANT SELECT ON TABLES TO :"group";
