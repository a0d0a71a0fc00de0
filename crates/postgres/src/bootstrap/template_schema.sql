-- The blank tenant that schema tenants are cloned from. Nobody but its owner gets in.
CREATE SCHEMA template AUTHORIZATION :"owner";
