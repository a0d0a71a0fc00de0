-- The blank tenant that schema tenants are cloned from. Nobody gets in but its owner, and the owners of tenants' schemas
-- who copy its rows.
CREATE SCHEMA template AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA template TO :"owners";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA template GRANT SELECT ON TABLES TO :"owners";
