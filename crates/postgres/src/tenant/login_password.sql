ALTER ROLE :"role" PASSWORD :'verifier' VALID UNTIL :'until';
