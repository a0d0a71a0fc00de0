-- The schemas beside Tenantry's own: extensions that all shapes share, tables that belong to no tenant, and :"schema",
-- where the app's tables stand (`shared` in a data database, `app` in a tenant's own), with the grants that every object
-- made later by the owner gets by itself.
CREATE SCHEMA extensions;
CREATE SCHEMA global AUTHORIZATION :"owner";
CREATE SCHEMA :"schema" AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA extensions TO :"owner", :"owners", :"platform", :"shared_group", :"schema_group", :"database_group", :"app_role";
GRANT USAGE ON SCHEMA global TO :"owners", :"shared_group", :"schema_group", :"database_group", :"app_role";
GRANT USAGE ON SCHEMA :"schema" TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA global
  GRANT SELECT ON TABLES TO :"shared_group", :"schema_group", :"database_group", :"app_role";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA global GRANT SELECT, REFERENCES ON TABLES TO :"owners";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT EXECUTE ON FUNCTIONS TO :"group";
