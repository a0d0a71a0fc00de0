BEGIN READ ONLY;
SET LOCAL statement_timeout = :milliseconds;
SELECT pg_catalog.set_config('app.current_tenant', :'tenant', true);
SET LOCAL ROLE :"group";
