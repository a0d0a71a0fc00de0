-- Nobody gets in any more, and whoever is in goes: their transactions end as if the connection had broken.
ALTER ROLE :"role" NOLOGIN;
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = :'role';
