SET LOCAL ROLE :"app_owner"
