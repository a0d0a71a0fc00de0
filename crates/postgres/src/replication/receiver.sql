-- The timeline that a replica receives; asked after what it has replayed, so that this belongs to that timeline's history.
SELECT (SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver) AS timeline
