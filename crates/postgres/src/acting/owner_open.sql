-- A tenant's owner logs in for a moment, with a password that nobody else knows: what runs in its session, a tenant's
-- own code included, then has that tenant's rights and no way to more (RESET ROLE leads nowhere).
ALTER ROLE :"role" LOGIN PASSWORD :'verifier' VALID UNTIL :'until';
GRANT CONNECT ON DATABASE :"database" TO :"role";
