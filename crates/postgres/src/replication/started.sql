SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
       THEN (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint ELSE 0 END
