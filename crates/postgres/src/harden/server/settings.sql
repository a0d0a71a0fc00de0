SELECT pg_catalog.current_setting('max_prepared_transactions')::bigint,
       pg_catalog.current_setting('max_locks_per_transaction')::bigint
