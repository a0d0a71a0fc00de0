SET LOCAL ROLE :"victim_role"
