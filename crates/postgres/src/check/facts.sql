-- What decides whether a server suits Tenantry. Readable by every role.
SELECT current_setting('server_version_num')::int AS version_num,
       current_setting('server_version') AS version,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_setting('server_encoding') AS encoding,
       current_setting('wal_level') AS wal_level,
       current_setting('max_prepared_transactions')::int AS prepared_transactions_max,
       current_setting('max_locks_per_transaction')::int AS locks_per_transaction_max,
       r.rolname::text AS role,
       r.rolsuper AS is_superuser,
       r.rolcreatedb OR r.rolsuper AS can_create_databases,
       r.rolcreaterole OR r.rolsuper AS can_create_roles,
       r.rolreplication OR r.rolsuper AS can_replicate,
       r.rolbypassrls OR r.rolsuper AS can_bypass_rls
FROM pg_catalog.pg_roles r
WHERE r.rolname = current_user
