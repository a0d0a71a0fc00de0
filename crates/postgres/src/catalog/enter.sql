-- Finds schema $1 and sets, for this transaction, the path that names are printed for ($2 and $3 follow the schema),
-- and plans that follow indexes: no catalog query may depend on how many other schemas there are.
SELECT n.oid, n.nspname::text AS schema,
       current_setting('search_path') AS search_path,
       current_setting('enable_seqscan') AS enable_seqscan,
       current_setting('enable_hashjoin') AS enable_hashjoin,
       current_setting('enable_mergejoin') AS enable_mergejoin,
       current_setting('jit') AS jit,
       current_setting('row_security') AS row_security,
       set_config('search_path', concat_ws(', ', quote_ident(n.nspname), quote_ident($2), quote_ident($3)), true) AS path,
       set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('jit', 'off', true),
       set_config('row_security', 'off', true)
FROM pg_catalog.pg_namespace n
WHERE n.nspname = $1
