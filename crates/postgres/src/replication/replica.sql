-- Whether this server is a replica, when it was started (in microseconds), and how far it has replayed.
SELECT pg_catalog.pg_is_in_recovery() AS is_replica,
       (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint AS started,
       coalesce(pg_catalog.pg_last_wal_replay_lsn() - '0/0', 0)::bigint AS position
