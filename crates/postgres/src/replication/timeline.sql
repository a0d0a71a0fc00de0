SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0
       ELSE ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))::bit(32)::integer END
