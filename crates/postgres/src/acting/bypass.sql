-- For the rest of the transaction (or until it is taken back, which happens before every commit, so nobody else ever
-- sees it): validating a foreign key has to see the rows of all tenants.
SET LOCAL ROLE NONE;
ALTER ROLE :"role" :bypass;
SET LOCAL ROLE :"role";
